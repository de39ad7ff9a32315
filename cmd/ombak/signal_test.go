//go:build !windows

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestSecondSignalEndsAtOnce: a second interrupt ends a command that cannot act on the first because it waits
// for a file. The file is a pipe that nobody writes to.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(ombakBinary(t), "scenario", "check", pipe)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	defer func() {
		if command.ProcessState == nil {
			_ = command.Process.Kill()
			<-ended
		}
	}()
	writer := openOnceRead(t, pipe, ended)
	defer writer.Close()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for range 1000 { // two signals that arrive together count as one
		if err := command.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		select {
		case <-ended:
			ended <- nil
			if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
				t.Errorf("it ended with %v, not by the signal", command.ProcessState)
			}
			return
		case <-poll.C:
		}
	}
	t.Fatal("it keeps running after many interrupts")
}

// openOnceRead opens a pipe for writing once the process has opened it for reading.
func openOnceRead(t *testing.T, pipe string, ended <-chan error) *os.File {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		writer, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			return writer
		}
		if !errors.Is(err, syscall.ENXIO) {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			t.Fatalf("it ended before it read: %v", err)
		case <-poll.C:
		}
	}
}

// ombakBinary returns the program that the scripts call.
func ombakBinary(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("ombak")
	if err != nil {
		t.Fatal(err)
	}
	return path
}
