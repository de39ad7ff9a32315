package loadgen

import (
	"syscall"
	"time"
	"unsafe"
)

// sysEpollPwait2 is the number of epoll_pwait2 (Linux 5.11) on all architectures. Its timeout is in nanoseconds, while
// that of epoll_wait is in milliseconds.
const sysEpollPwait2 = 441

// epollWait waits for events for at most the given time. If it keeps the processor, it does not tell Go's scheduler that it
// waits; see keepProcessor.
func epollWait(fd int, events []syscall.EpollEvent, pause time.Duration, keeps bool) (int, error) {
	timeout, call := syscall.NsecToTimespec(int64(pause)), syscall.Syscall6
	if keeps {
		call = syscall.RawSyscall6
	}
	n, _, code := call(sysEpollPwait2, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(&timeout)), 0, 0)
	switch code {
	case 0:
		return int(n), nil
	case syscall.ENOSYS, syscall.EPERM: // an older kernel, or a sandbox that does not know the call
		return syscall.EpollWait(fd, events, int((pause+time.Millisecond-1)/time.Millisecond))
	}
	return 0, code
}

// readSocket reads from a non-blocking socket. Because it never blocks, it does not notify the scheduler.
func readSocket(fd int, buffer []byte) (int, error) {
	n, _, code := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)))
	if code != 0 {
		return 0, code
	}
	return int(n), nil
}

// writeSocket writes to a non-blocking socket. A closed peer gives EPIPE and no signal.
func writeSocket(fd int, text []byte) (int, error) {
	n, _, code := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), syscall.MSG_NOSIGNAL, 0, 0)
	if code != 0 {
		return 0, code
	}
	return int(n), nil
}

// duplicate returns another descriptor of an open socket.
func duplicate(fd int) (uintptr, error) {
	other, _, code := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	if code != 0 {
		return 0, code
	}
	return other, nil
}

// newEvent returns an eventfd (Linux 2.6.27) that is in an epoll set with the place alarm. Each signal is an event.
func newEvent(epollFD int) (int, error) {
	fd, _, code := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if code != 0 {
		return 0, code
	}
	const edgeTriggered = 1 << 31
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | edgeTriggered, Fd: alarm}
	if err := syscall.EpollCtl(epollFD, syscall.EPOLL_CTL_ADD, int(fd), &event); err != nil {
		_ = syscall.Close(int(fd)) // it was not used
		return 0, err
	}
	return int(fd), nil
}

// signal makes an eventfd ready.
func signal(fd int) {
	one := [8]byte{1} // in either byte order it is not zero
	_, _, _ = syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&one[0])), uintptr(len(one)))
}
