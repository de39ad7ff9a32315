package loadgen_test

import (
	"os/exec"
	"syscall"
	"time"
)

// end tells a program to end until it has ended. Without a master process, nginx may miss a signal that comes just before it
// waits for events.
func end(command *exec.Cmd) {
	gone := make(chan struct{})
	go func() { _ = command.Wait(); close(gone) }() // what it has to say is on stderr
	for {
		_ = command.Process.Signal(syscall.SIGTERM) // it may be gone
		select {
		case <-gone:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}
