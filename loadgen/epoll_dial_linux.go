package loadgen

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// socketOf returns a new socket for a target, and where to connect it to.
func (e *epoll) socketOf(target int32) (fd int, to syscall.Sockaddr, err error) {
	const kind = syscall.SOCK_STREAM | syscall.SOCK_NONBLOCK | syscall.SOCK_CLOEXEC
	r := e.resolvers.all[target]
	if r.socket != "" {
		fd, err = syscall.Socket(syscall.AF_UNIX, kind, 0)
		return fd, &syscall.SockaddrUnix{Name: r.socket}, err
	}
	to, family := sockaddrOf(r.address())
	if fd, err = syscall.Socket(family, kind, syscall.IPPROTO_TCP); err != nil {
		return fd, to, err
	}
	return fd, to, syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
}

func sockaddrOf(address netip.AddrPort) (syscall.Sockaddr, int) {
	if address.Addr().Is4() {
		return &syscall.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}, syscall.AF_INET
	}
	return &syscall.SockaddrInet6{Port: int(address.Port()), Addr: address.Addr().As16()}, syscall.AF_INET6
}

// connection returns the index of an idle connection, or of one that it begins to open.
func (e *epoll) connection(work job, target int32) (int32, error) {
	cold := e.generator.cold(work)
	if !cold {
		if place, found := e.rested(work, target); found {
			return place, nil
		}
	}
	fd, sockaddr, err := e.socketOf(target)
	if err != nil {
		return 0, err
	}
	place := e.place(fd, target)
	c := &e.conns[place]
	c.cold, c.owner = cold, owner{work.person, target}
	if err := e.open(place, sockaddr); err != nil {
		e.drop(place)
		return 0, err
	}
	return place, nil
}

// warm opens n connections to each target in advance. Otherwise the first requests would each open one, which takes so
// long that the next requests, which are due meanwhile, would open even more.
func (e *epoll) warm(n int) {
	for target := range e.resolvers.all {
		first, second := e.protocols(target)
		if second {
			e.warmH2(int32(target), n)
		}
		if !first {
			continue
		}
		for range n {
			fd, sockaddr, err := e.socketOf(int32(target))
			if err != nil {
				return // the first request will report it
			}
			place := e.place(fd, int32(target))
			e.conns[place].spare = true
			if e.open(place, sockaddr) != nil {
				e.drop(place)
			}
		}
	}
}

func (e *epoll) place(fd int, target int32) int32 {
	var place int32
	if n := len(e.free); n > 0 {
		place, e.free = e.free[n-1], e.free[:n-1]
	} else {
		e.conns = append(e.conns, conn{})
		place = int32(len(e.conns) - 1)
	}
	c := &e.conns[place]
	c.fd, c.target, c.state, c.dialing = fd, target, connecting, true
	e.dialing[target]++
	e.counts.Opened.Add(e.now(), 1)
	return place
}

// open begins to connect. The wait method receives the edge-triggered events of the socket.
func (e *epoll) open(place int32, sockaddr syscall.Sockaddr) error {
	c := &e.conns[place]
	if e.limits.Life > 0 {
		c.opened = e.now()
	}
	if err := e.watch(place); err != nil {
		return err
	}
	err := syscall.Connect(c.fd, sockaddr)
	if err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return nil
}

// watch adds a connection to the epoll set. If it is ready already, an event follows at once.
func (e *epoll) watch(place int32) error {
	const edgeTriggered = 1 << 31 // EPOLLET, whose constant in package syscall is negative
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | edgeTriggered, Fd: place}
	return syscall.EpollCtl(e.fd, syscall.EPOLL_CTL_ADD, e.conns[place].fd, &event)
}

// drop closes a connection. Its request must have been completed before.
func (e *epoll) drop(place int32) {
	c := &e.conns[place]
	if c.h2 != nil && e.second.own[c.owner] == place {
		delete(e.second.own, c.owner)
	} else if c.state == idle && e.own != nil {
		delete(e.own, c.owner)
	} else if c.state == idle {
		waiting := e.idle[c.target]
		for i, other := range waiting {
			if other == place {
				e.idle[c.target] = append(waiting[:i], waiting[i+1:]...)
				break
			}
		}
	}
	e.settle(c)
	if c.h2 != nil {
		e.withdraw(place)
	}
	if c.secure != nil {
		c.secure.abort()
	}
	_ = syscall.Close(c.fd) // nothing can be done about it
	*c = conn{in: c.in[:0], buffer: c.buffer}
	e.free = append(e.free, place)
}
