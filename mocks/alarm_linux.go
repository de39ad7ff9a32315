package mocks

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// kernelAlarm is an alarm of the kernel's (timerfd), whose descriptor the runtime waits for like for
// any connection: it rings within some ten microseconds and costs nothing while nothing is due.
//
// Note: Go's timers end a wait for connections by a timeout in whole milliseconds, rounded up;
// spinning the last millisecond instead would take a core from the service that is being tried.
type kernelAlarm struct {
	file *os.File
	fd   uintptr
	ring func()
}

var _ alarm = (*kernelAlarm)(nil)

const (
	clockMonotonic = 1
	timerNonBlock  = syscall.O_NONBLOCK
	timerCloseExec = syscall.O_CLOEXEC
)

// newPreciseAlarm returns an alarm and what must run until it is stopped.
func newPreciseAlarm(ring func()) (set alarm, run, stop func(), err error) {
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, timerNonBlock|timerCloseExec, 0)
	if errno != 0 {
		return nil, nil, nil, fmt.Errorf("making a timer: %w", errno)
	}
	a := &kernelAlarm{file: os.NewFile(fd, "timer"), fd: fd, ring: ring}
	return a, a.run, func() { _ = a.file.Close() }, nil // whoever runs learns of it
}

// run rings until the descriptor is closed.
func (a *kernelAlarm) run() {
	var expired [8]byte
	for {
		if _, err := a.file.Read(expired[:]); err != nil {
			return
		}
		a.ring()
	}
}

// timerValue is struct itimerspec.
type timerValue struct{ interval, value syscall.Timespec }

func (a *kernelAlarm) set(after time.Duration) {
	value := timerValue{value: syscall.NsecToTimespec(max(1, after.Nanoseconds()))} // 0 would switch it off
	_, _, _ = syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, a.fd, 0, uintptr(unsafe.Pointer(&value)), 0, 0, 0)
}
