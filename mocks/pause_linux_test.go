package mocks

import (
	"syscall"
	"time"
)

// pause sleeps in the kernel, which is more precise than Go's timers.
func pause(wait time.Duration) {
	value := syscall.NsecToTimespec(wait.Nanoseconds())
	_ = syscall.Nanosleep(&value, nil)
}
