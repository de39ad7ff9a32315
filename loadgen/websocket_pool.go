package loadgen

import (
	"bufio"
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// poolSockets are the WebSockets of the portable wire. Each has a goroutine that reads.
type poolSockets struct {
	mu     sync.Mutex
	open   map[owner]*poolSocket // those that are lost stay until their person has finished
	counts Sockets
}

// poolSocket is one WebSocket.
type poolSocket struct {
	conn    net.Conn
	changed chan struct{} // the socket has received something, or is lost
	mu      sync.Mutex
	socket  *socket
	lost    funnel.Reason // why the connection is gone; 0 while it is open
}

// doSocket takes a step on a WebSocket.
func (w *worker) doSocket(work job) completion {
	request := &w.generator.requests[work.request]
	done := completion{slot: work.slot, sent: true, start: time.Since(w.began)}
	if request.upgrades() {
		err := w.connectSocket(work, request, &done)
		done.end = time.Since(w.began)
		if err != nil {
			done.answer.Outcome, done.reason = classifySocketError(err)
		}
		return done
	}
	key := owner{work.person, int32(request.client)}
	s := w.pool.sockets.of(key)
	p := progress{over: true, outcome: funnel.Failed, reason: funnel.ReasonReset}
	if s != nil {
		w.compose(work)
		text := request.gesture.send.render(&w.values, nil)
		if w.values.fault != nil {
			p.reason = funnel.ReasonBody
		} else {
			p = s.act(request.gesture, text, work.timeout, &w.resp)
			if len(request.gesture.send) > 0 {
				w.pool.sockets.count(func(counts *Sockets) { counts.Sent.Add(done.start, 1) })
			}
		}
	}
	done.end = time.Since(w.began)
	w.conclude(work, p, &w.resp, &done)
	return done
}

func classifySocketError(err error) (funnel.Outcome, funnel.Reason) {
	var network net.Error
	switch {
	case errors.Is(err, errUpgrade):
		return funnel.Failed, funnel.ReasonBody
	case errors.As(err, &network) && network.Timeout():
		return funnel.TimedOut, funnel.ReasonTimeout
	}
	return classifyError(err)
}

// connectSocket opens a WebSocket, or judges the answer of a server that does not agree to one.
func (w *worker) connectSocket(work job, request *compiled, done *completion) error {
	w.compose(work)
	route := w.pool.routes[request.client]
	var deadline time.Time
	if work.timeout > 0 {
		deadline = time.Now().Add(work.timeout)
	}
	conn, err := route.straight(w.pool.lines.config(owner{work.person, int32(request.client)}, true), deadline)
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(deadline) // a connection of the network has deadlines
	reader := bufio.NewReaderSize(conn, 16<<10)
	if err := w.shakeHands(conn, reader); err != nil {
		_ = conn.Close()
		return err
	}
	status := w.resp.StatusCode()
	if status == fasthttp.StatusSwitchingProtocols && !agrees(&w.resp, w.generator.socketKey(work)) {
		_ = conn.Close()
		return errUpgrade
	}
	w.judge(work, request, status, parseRetry(w.resp.Header.Peek("Retry-After")), &w.resp, done)
	if status != fasthttp.StatusSwitchingProtocols {
		return conn.Close()
	}
	_ = conn.SetDeadline(time.Time{}) // likewise
	w.pool.adoptSocket(owner{work.person, int32(request.client)}, conn, reader)
	return nil
}

// shakeHands sends the request and reads the answer's head.
func (w *worker) shakeHands(conn net.Conn, reader *bufio.Reader) error {
	var text bytes.Buffer
	buffered := bufio.NewWriter(&text)
	if err := w.req.Write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if _, err := conn.Write(text.Bytes()); err != nil {
		return err
	}
	w.resp.Reset()
	return w.resp.Header.Read(reader)
}

// adoptSocket makes a connection the socket of a person.
func (p *pool) adoptSocket(key owner, conn net.Conn, reader *bufio.Reader) {
	s := &poolSocket{conn: conn, changed: make(chan struct{}, 1), socket: newSocket(rand.New(rand.NewPCG(key.person, uint64(socketPurpose))))}
	if before := p.sockets.put(key, s, time.Since(p.began)); before != nil {
		before.hangUp()
	}
	p.workers.Go(func() { s.read(reader, &p.sockets, p.began) })
}

func (s *poolSockets) put(key owner, made *poolSocket, at time.Duration) (before *poolSocket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = s.open[key]
	s.open[key] = made
	s.counts.Opened.Add(at, 1)
	return before
}

func (s *poolSockets) of(key owner) *poolSocket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[key]
}

func (s *poolSockets) count(add func(*Sockets)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add(&s.counts)
}

// read receives until the connection ends.
func (s *poolSocket) read(reader *bufio.Reader, all *poolSockets, began time.Time) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := reader.Read(buffer)
		s.mu.Lock()
		before := s.socket.received
		open := s.socket.take(buffer[:n])
		if more := s.socket.received - before; more > 0 {
			all.count(func(counts *Sockets) { counts.Received.Add(time.Since(began), more) })
		}
		wrote := s.flush()
		switch {
		case !open:
			s.lost = s.socket.reason()
		case err != nil || wrote != nil:
			s.lost = funnel.ReasonReset
		}
		lost := s.lost != 0
		if lost {
			_ = s.conn.Close() // nothing more comes
		}
		s.mu.Unlock()
		select {
		case s.changed <- struct{}{}:
		default:
		}
		if lost {
			return
		}
	}
}

// flush sends what is to be sent.
func (s *poolSocket) flush() error {
	if len(s.socket.out) == 0 {
		return nil
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(5 * time.Second)) // a connection of the network has deadlines
	_, err := s.conn.Write(s.socket.out)
	s.socket.out = nil
	return err
}

// act takes one step.
func (s *poolSocket) act(g *gesture, text []byte, timeout time.Duration, resp *fasthttp.Response) progress {
	expired := progress{over: true, outcome: funnel.TimedOut, reason: funnel.ReasonTimeout}
	if g.Hold > 0 {
		timeout, expired = g.Hold, progress{over: true, outcome: funnel.Completed}
	}
	var alarm <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		alarm = timer.C
	}
	begun := false
	for {
		if p := s.step(g, text, !begun, resp); p.over {
			return p
		}
		begun = true
		select {
		case <-s.changed:
		case <-alarm:
			if g.Close {
				s.hangUp()
			}
			return expired
		}
	}
}

// step begins the action if it is to begin, and returns what has become of it.
func (s *poolSocket) step(g *gesture, text []byte, begins bool, resp *fasthttp.Response) progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	if begins && s.lost == 0 {
		g.begin(s.socket, text)
		if s.flush() != nil {
			s.lost = funnel.ReasonReset
		}
	}
	p := g.look(s.socket, s.lost == 0 || g.Close, resp)
	if !p.over && s.lost != 0 {
		p = progress{over: true, outcome: funnel.Failed, reason: s.lost}
		if g.Close {
			p.outcome = funnel.Completed // the server has hung up without a word
		}
	}
	return p
}

// hangUp says goodbye and closes the connection.
func (s *poolSocket) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost == 0 {
		s.socket.say(closeNormal)
		_ = s.flush() // the connection is closed either way
		_ = s.conn.Close()
	}
}

// forgetSockets closes the sockets of a person who has finished.
func (p *pool) forgetSockets(person uint64) {
	for target := range p.routes {
		key := owner{person, int32(target)}
		p.sockets.mu.Lock()
		s := p.sockets.open[key]
		delete(p.sockets.open, key)
		p.sockets.mu.Unlock()
		if s != nil {
			s.hangUp()
		}
	}
}

// counted returns the counts of connections and WebSockets.
func (p *pool) counted() Wire {
	p.sockets.mu.Lock()
	defer p.sockets.mu.Unlock()
	p.conns.mu.Lock()
	defer p.conns.mu.Unlock()
	counts := p.conns.counts
	counts.Name, counts.Sockets = portableWire, p.sockets.counts
	return counts
}
