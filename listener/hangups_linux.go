package listener

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
)

// Hangups notices clients that close their connection while the server is at work on their request, so that nobody need
// serve what nobody waits for. A client that closes only its sending half counts as gone. A nil Hangups notices nobody.
type Hangups struct {
	poll *os.File
	fd   int

	mu      sync.Mutex
	waiting map[int32]chan struct{}
	last    int32
}

// NewHangups returns a Hangups and the loop to run for it, which ends when it is closed.
func NewHangups() (h *Hangups, run func(), err error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("watch connections: %w", err)
	}
	h = &Hangups{poll: os.NewFile(uintptr(fd), "hangups"), fd: fd, waiting: map[int32]chan struct{}{}}
	return h, h.run, nil
}

// Close ends the loop. Nobody is noticed afterwards.
func (h *Hangups) Close() error {
	if h == nil {
		return nil
	}
	return h.poll.Close()
}

// Watch returns a channel that is closed when the client of a connection hangs up. Call forget before the connection is
// used again.
func (h *Hangups) Watch(conn net.Conn) (gone <-chan struct{}, forget func()) {
	raw := rawOf(conn)
	if h == nil || raw == nil {
		return nil, func() {}
	}
	h.mu.Lock()
	h.last++
	id, left := h.last, make(chan struct{})
	h.waiting[id] = left
	h.mu.Unlock()
	err := control(raw, func(fd int) error {
		return syscall.EpollCtl(h.fd, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: id})
	})
	return left, func() {
		if err == nil {
			_ = control(raw, func(fd int) error { return syscall.EpollCtl(h.fd, syscall.EPOLL_CTL_DEL, fd, nil) }) // a closed connection has gone by itself
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiting, id)
	}
}

// run closes the channels of clients that have gone, until the descriptor is closed.
func (h *Hangups) run() {
	raw, err := h.poll.SyscallConn()
	if err != nil {
		return
	}
	events := make([]syscall.EpollEvent, 64)
	for {
		count := 0
		err := raw.Read(func(fd uintptr) bool {
			count, err = syscall.EpollWait(int(fd), events, 0)
			return count != 0 && !errors.Is(err, syscall.EINTR)
		})
		if err != nil || count < 0 {
			return
		}
		h.tell(events[:count])
	}
}

func (h *Hangups) tell(events []syscall.EpollEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, event := range events {
		if left, waits := h.waiting[event.Fd]; waits {
			delete(h.waiting, event.Fd)
			close(left)
		}
	}
}

// rawOf returns the system's side of a connection that may be wrapped, or nil.
func rawOf(conn net.Conn) syscall.RawConn {
	for conn != nil {
		if system, ok := conn.(syscall.Conn); ok {
			raw, err := system.SyscallConn()
			if err != nil {
				return nil
			}
			return raw
		}
		wrapped, ok := conn.(interface{ Unwrap() net.Conn })
		if !ok {
			return nil
		}
		conn = wrapped.Unwrap()
	}
	return nil
}

func control(raw syscall.RawConn, do func(fd int) error) error {
	var done error
	err := raw.Control(func(fd uintptr) { done = do(int(fd)) })
	return errors.Join(err, done)
}
