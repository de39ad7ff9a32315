package mocks

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// kernelAlarm uses a timer of the kernel (timerfd). The runtime waits for its descriptor as for a connection.
// It rings within about ten microseconds and costs nothing while nothing is due.
//
// Note: Go's timers end a wait for connections after a timeout in whole milliseconds, rounded up. Spinning for
// the last millisecond instead would take a core from the service under test.
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

// newPreciseAlarm returns an alarm, the loop to run for it, and a func that stops the loop.
func newPreciseAlarm(ring func()) (set alarm, run, stop func(), err error) {
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, timerNonBlock|timerCloseExec, 0)
	if errno != 0 {
		return nil, nil, nil, fmt.Errorf("create a timer: %w", errno)
	}
	a := &kernelAlarm{file: os.NewFile(fd, "timer"), fd: fd, ring: ring}
	return a, a.run, func() { _ = a.file.Close() }, nil // run sees that the file is closed
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
	value := timerValue{value: syscall.NsecToTimespec(max(1, after.Nanoseconds()))} // 0 would disarm it
	_, _, _ = syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, a.fd, 0, uintptr(unsafe.Pointer(&value)), 0, 0, 0)
}
