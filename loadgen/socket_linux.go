package loadgen

import (
	"syscall"
	"time"
	"unsafe"
)

// sysEpollPwait2 is the number of epoll_pwait2 (Linux 5.11) on all architectures. Its timeout is in nanoseconds, while
// that of epoll_wait is in milliseconds.
const sysEpollPwait2 = 441

// epollWait waits for events for at most the given time.
func epollWait(fd int, events []syscall.EpollEvent, pause time.Duration) (int, error) {
	timeout := syscall.NsecToTimespec(int64(pause))
	n, _, code := syscall.Syscall6(sysEpollPwait2, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(&timeout)), 0, 0)
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
