//go:build unix

package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// notifyProgress delivers the signal that asks for progress.
func notifyProgress(to chan<- os.Signal) { signal.Notify(to, syscall.SIGUSR1) }

// lockFolder keeps other processes from writing to a folder until this one ends. It returns errInUse if one already does.
// The descriptor stays open on purpose.
func lockFolder(name string) error {
	folder, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	err = syscall.Flock(folder, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.Join(errInUse, syscall.Close(folder))
	}
	return err
}
