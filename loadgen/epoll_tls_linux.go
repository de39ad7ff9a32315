package loadgen

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/http2"
)

// security makes the TLS connections of a shard. A handshake cannot be resumed after an error, so each runs on a
// goroutine of its own, which blocks; the loop goes on meanwhile, and ends it when its request times out.
type security struct {
	configs []*tls.Config                    // by target; nil for plain HTTP
	second  []*tls.Config                    // the same for HTTP/2
	people  map[owner]tls.ClientSessionCache // tickets of people; nil if nothing is resumed
	wake    int                              // an eventfd, written when a handshake has ended
	turn    chan struct{}                    // held while a handshake computes, so that handshakes leave the loop a processor
	counts  Handshakes
	under   sync.WaitGroup
	mu      sync.Mutex
	ended   []handshake
	aside   []completion // of calls that another wire has made
}

// handshake is one handshake and its result.
type handshake struct {
	place  int32
	secure *secured
	began  time.Time
	took   time.Duration
	err    error
}

// alarm is what epoll reports in place of a connection when handshakes have ended.
const alarm = -1

func newSecurity(g *Generator, epollFD int) (*security, error) {
	s := &security{configs: make([]*tls.Config, len(g.targets)), second: make([]*tls.Config, len(g.targets)), turn: make(chan struct{}, 1)}
	resume := !g.config.Connections.NoResume
	if resume {
		s.people = map[owner]tls.ClientSessionCache{}
	}
	for i, target := range g.targets {
		address, secure, err := hostOf(target)
		if err != nil || !secure {
			continue // newResolvers reports what cannot be parsed
		}
		if s.configs[i], err = g.tlsConfig(); err != nil {
			return nil, err
		}
		s.configs[i].NextProtos = []string{"http/1.1"}
		s.configs[i].ServerName, _, _ = net.SplitHostPort(address) // newResolvers has split it
		if resume {
			s.configs[i].ClientSessionCache = tls.NewLRUClientSessionCache(0)
		} else {
			s.configs[i].SessionTicketsDisabled = true
		}
		s.second[i] = s.configs[i].Clone()
		s.second[i].NextProtos = []string{http2.NextProtoTLS}
	}
	var err error
	if s.wake, err = newEvent(epollFD); err != nil {
		return nil, fmt.Errorf("preparing for TLS: %w", err)
	}
	return s, nil
}

// of returns the settings for a connection. Connections that belong to a person have that person's tickets.
func (s *security) of(c *conn, personal bool) *tls.Config {
	config := s.configs[c.target]
	if c.h2 != nil {
		config = s.second[c.target]
	}
	if !personal || s.people == nil {
		return config
	}
	tickets := s.people[c.owner]
	if tickets == nil {
		tickets = tls.NewLRUClientSessionCache(1)
		s.people[c.owner] = tickets
	}
	config = config.Clone()
	config.ClientSessionCache = tickets
	return config
}

// forget drops a person's tickets.
func (s *security) forget(person uint64) {
	for target, config := range s.configs {
		if config != nil {
			delete(s.people, owner{person, int32(target)})
		}
	}
}

// run shakes hands and announces the result.
func (s *security) run(h handshake) {
	s.turn <- struct{}{}
	h.err = h.secure.Handshake()
	<-s.turn
	h.took = time.Since(h.began)
	_ = h.secure.file.Close() // the loop has its own descriptor
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, h)
	if len(s.ended)+len(s.aside) == 1 {
		signal(s.wake)
	}
}

func (s *security) take() ([]handshake, []completion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended, aside := s.ended, s.aside
	s.ended, s.aside = nil, nil
	return ended, aside
}

// deliver announces a call that another wire has made.
func (s *security) deliver(answer completion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aside = append(s.aside, answer)
	if len(s.ended)+len(s.aside) == 1 {
		signal(s.wake)
	}
}

// close waits for the handshakes, all of which must have been aborted.
func (s *security) close() {
	s.under.Wait()
	_ = syscall.Close(s.wake) // the run is over
}

// shake begins the handshake of a connection that has just been made.
func (e *epoll) shake(place int32) {
	c := &e.conns[place]
	fd, err := duplicate(c.fd)
	if err != nil {
		e.unopened(place, err)
		return
	}
	_ = syscall.EpollCtl(e.fd, syscall.EPOLL_CTL_DEL, c.fd, nil) // it is in the set
	secure := &secured{carrier: carrier{fd: c.fd, turn: e.secure.turn, file: os.NewFile(fd, "connection")}}
	if c.spare {
		_ = secure.file.SetDeadline(time.Now().Add(spareTimeout)) // a non-blocking socket has deadlines
	}
	secure.Conn = tls.Client(&secure.carrier, e.secure.of(c, c.cold || e.own != nil))
	c.secure, c.state = secure, shaking
	e.secure.under.Go(func() { e.secure.run(handshake{place: place, secure: secure, began: time.Now()}) })
}

// takeHandshakes continues the connections whose handshakes have ended, and takes the calls that were made aside.
func (e *epoll) takeHandshakes() {
	ended, aside := e.secure.take()
	e.done = append(e.done, aside...)
	for _, h := range ended {
		c := &e.conns[h.place]
		if c.secure != h.secure {
			continue // given up meanwhile
		}
		c.secure.file = nil
		if h.err = faultOf(h.err); h.err == nil {
			h.err = e.watch(h.place)
		}
		if h.err == nil && c.h2 != nil && !c.secure.speaksHTTP2() {
			h.err = fmt.Errorf("%w: the server does not speak HTTP/2", errTLS)
		}
		if h.err != nil {
			e.unopened(h.place, h.err)
			continue
		}
		e.secure.counts.add(c.secure.ConnectionState().DidResume, h.took)
		e.opened(h.place)
	}
}

func (e *epoll) handshakes() Handshakes { return e.secure.counts }

// secured is the TLS half of a connection. It never blocks after the handshake.
type secured struct {
	*tls.Conn
	carrier
	ended error // why nothing more can be received; nil while it can
}

// encrypt appends text to what is to be written.
func (s *secured) encrypt(text []byte) error {
	if len(s.out) == 0 {
		s.out = s.buffer[:0]
	}
	_, err := s.Conn.Write(text)
	s.buffer = s.out[:0]
	return err
}

// receive reads until the buffer is full or the socket is empty. It returns EAGAIN if there is nothing now, and 0 at
// the end.
func (s *secured) receive(buffer []byte) (n int, err error) {
	for n < len(buffer) && s.ended == nil {
		var more int
		more, err = s.Conn.Read(buffer[n:])
		n += more
		if errors.Is(err, syscall.EAGAIN) {
			break
		}
		s.ended = err
	}
	switch {
	case n > 0 || errors.Is(s.ended, io.EOF) || errors.Is(s.ended, io.ErrUnexpectedEOF):
		return n, nil
	case s.ended != nil:
		return 0, s.ended
	}
	return 0, syscall.EAGAIN
}

// abort ends the handshake, or says goodbye if the connection is still in order.
func (s *secured) abort() {
	switch {
	case s.file != nil:
		_ = s.file.Close() // ends the goroutine
	case s.ended == nil && len(s.out) == 0:
		if s.CloseWrite() == nil {
			_, _ = writeSocket(s.carrier.fd, s.out) // the connection is closed either way
		}
	}
}

// carrier is the connection under TLS: a file that blocks during the handshake, then the loop's own socket. Reading the
// socket returns EAGAIN if it is empty, which crypto/tls takes for a temporary timeout, and writing appends to out,
// which the loop writes.
type carrier struct {
	net.Conn        // nil: crypto/tls asks for no address
	fd       int    // the loop's
	out      []byte // to be written
	buffer   []byte // backing array of out
	file     *os.File
	turn     chan struct{}
	hangup   bool // no further event follows
	dry      bool // the socket is empty until its next event
}

func (c *carrier) Read(into []byte) (int, error) {
	if c.file != nil {
		<-c.turn
		defer func() { c.turn <- struct{}{} }()
		return c.file.Read(into)
	}
	if c.dry {
		return 0, syscall.EAGAIN
	}
	for {
		n, err := readSocket(c.fd, into)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		c.dry = n < len(into) && !c.hangup
		return n, nil
	}
}

func (c *carrier) Write(text []byte) (int, error) {
	if c.file != nil {
		return c.file.Write(text)
	}
	c.out = append(c.out, text...)
	return len(text), nil
}

// refill records that an event has come.
func (c *carrier) refill(hangup bool) { c.dry, c.hangup = false, c.hangup || hangup }

func (c *carrier) Close() error                     { return nil } // the loop closes
func (c *carrier) SetDeadline(time.Time) error      { return nil } // the loop has its own
func (c *carrier) SetReadDeadline(time.Time) error  { return nil }
func (c *carrier) SetWriteDeadline(time.Time) error { return nil }
