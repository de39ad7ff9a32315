package loadgen

import (
	"errors"
	"math/rand/v2"
	"syscall"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// sockets are the WebSockets of a shard. They take no goroutine and, between messages, no buffer.
type sockets struct {
	open    map[owner]int32         // places of connections
	lost    map[owner]funnel.Reason // why sockets that no step has closed are no longer there
	scratch []byte
	random  *rand.Rand
	counts  Sockets
}

func newSockets(g *Generator) sockets {
	s := sockets{random: rand.New(rand.NewPCG(g.config.Seed.Value, uint64(socketPurpose)))} // masks hide nothing from anybody
	for i := range g.requests {
		if g.requests[i].gesture != nil {
			s.open, s.lost, s.scratch = map[owner]int32{}, map[owner]funnel.Reason{}, make([]byte, 64<<10)
		}
	}
	return s
}

// upgrade makes a WebSocket of a connection whose server has answered 101.
func (e *epoll) upgrade(place int32, request *compiled, f frame) {
	c := &e.conns[place]
	work := c.job
	if c.state == orphan {
		e.complete(place, completion{}, funnel.Completed)
		return
	}
	e.resp.Reset()
	e.source.Reset(fullLines(c.in[:f.head], f.head))
	e.reader.Reset(&e.source)
	if err := e.resp.Header.Read(e.reader); err != nil || !agrees(&e.resp, e.generator.socketKey(work)) {
		e.complete(place, completion{reason: funnel.ReasonBody}, funnel.Failed)
		return
	}
	key := owner{work.person, c.target}
	if other, open := e.sockets.open[key]; open {
		e.hangUp(other)
	}
	delete(e.sockets.lost, key)
	e.sockets.open[key] = place
	e.sockets.counts.Opened.Add(e.now(), 1)
	answer := completion{slot: work.slot, sent: true, start: c.start, end: e.now()}
	e.judge(work, request, f.status, f.retry, &e.resp, &answer)
	rest := c.in[f.head:]
	c.state, c.owner, c.cold, c.job, c.deadline = held, key, false, job{}, 0
	c.socket = newSocket(e.sockets.random)
	c.in, c.buffer, c.out = nil, nil, nil
	e.done = append(e.done, answer)
	e.hearSocket(c.socket, rest)
	e.handleSocket(place, 0) // what has come after it causes no further event
}

// speak begins a step on the socket of a person.
func (e *epoll) speak(work job) {
	request := &e.generator.requests[work.request]
	key := owner{work.person, int32(request.client)}
	place, open := e.sockets.open[key]
	if !open {
		e.answer(work, progress{outcome: funnel.Failed, reason: e.whyNot(key)})
		return
	}
	e.compose(work)
	text := request.gesture.send.render(&e.values, nil)
	if e.values.fault != nil {
		e.answer(work, progress{outcome: funnel.Failed, reason: funnel.ReasonBody})
		return
	}
	c := &e.conns[place]
	c.job, c.start, c.deadline, c.state = work, e.now(), 0, busy
	switch {
	case request.gesture.Hold > 0:
		c.deadline = e.deadlines.add(c.start+request.gesture.Hold, request.gesture.Hold, place)
	case work.timeout > 0:
		c.deadline = e.deadlines.add(c.start+work.timeout, work.timeout, place)
	}
	if len(request.gesture.send) > 0 {
		e.sockets.counts.Sent.Add(c.start, 1)
	}
	request.gesture.begin(c.socket, text)
	e.settleSocket(place)
}

// whyNot returns why a person has no socket.
func (e *epoll) whyNot(key owner) funnel.Reason {
	if reason, known := e.sockets.lost[key]; known {
		return reason
	}
	return funnel.ReasonReset
}

// answer completes a job that has no connection.
func (e *epoll) answer(work job, p progress) {
	now := e.now()
	done := completion{slot: work.slot, sent: true, start: now, end: now}
	e.conclude(work, p, &e.resp, &done)
	e.done = append(e.done, done)
}

// settleSocket sends what is to be sent, and completes the step under way if it is over.
func (e *epoll) settleSocket(place int32) {
	c := &e.conns[place]
	s := c.socket
	if len(s.out) > 0 {
		if c.secure != nil {
			if c.secure.encrypt(s.out) != nil {
				e.loseSocket(place, funnel.ReasonReset)
				return
			}
		} else {
			c.out = append(c.out, s.out...)
		}
		s.out = nil
	}
	if !e.write(place) {
		return
	}
	if c.state == busy {
		p := e.generator.requests[c.job.request].gesture.look(s, !c.unsent(), &e.resp)
		if p.over {
			e.settleStep(place, p)
		}
	} else if len(s.inbox) > 0 && !e.generator.awaits {
		s.inbox, s.held = nil, 0
	}
	if !c.unsent() {
		c.out = nil
	}
	if s.closed && (!c.unsent() || c.state == held) {
		e.loseSocket(place, s.reason())
	}
}

// settleStep completes the step under way on a socket.
func (e *epoll) settleStep(place int32, p progress) {
	c := &e.conns[place]
	done := completion{slot: c.job.slot, sent: true, start: c.start, end: e.now()}
	e.conclude(c.job, p, &e.resp, &done)
	e.done = append(e.done, done)
	c.state, c.job, c.deadline = held, job{}, 0
}

// loseSocket closes the connection of a socket, and completes the step under way on it.
func (e *epoll) loseSocket(place int32, reason funnel.Reason) {
	c := &e.conns[place]
	if c.state == busy {
		outcome := funnel.Failed
		if e.generator.requests[c.job.request].gesture.Close {
			outcome = funnel.Completed // the server has hung up without a word
		}
		e.settleStep(place, progress{outcome: outcome, reason: reason})
	}
	e.sockets.lost[c.owner] = reason
	e.hangUp(place)
}

// hangUp closes the connection of a socket, with a close frame if it is in order.
func (e *epoll) hangUp(place int32) {
	c := &e.conns[place]
	s := c.socket
	delete(e.sockets.open, c.owner)
	if !s.closing && !c.unsent() {
		s.say(closeNormal)
		c.out = s.out
		if c.secure != nil && c.secure.encrypt(s.out) == nil {
			c.out = c.secure.out
		}
		_, _ = writeSocket(c.fd, c.out) // the connection is closed either way
	}
	c.socket, c.state, c.out = nil, closed, nil
	e.drop(place)
}

// handleSocket handles an event on a WebSocket.
func (e *epoll) handleSocket(place int32, events uint32) {
	c := &e.conns[place]
	const gone = syscall.EPOLLERR | syscall.EPOLLHUP | syscall.EPOLLRDHUP
	hangup := events&gone != 0
	if c.secure != nil {
		c.secure.refill(hangup)
	}
	for !c.socket.closed {
		n, err := c.receive(e.sockets.scratch)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if errors.Is(err, syscall.EAGAIN) {
			break
		}
		if err != nil || n == 0 {
			e.settleSocket(place)
			if c = &e.conns[place]; c.socket != nil {
				e.loseSocket(place, funnel.ReasonReset)
			}
			return
		}
		e.hearSocket(c.socket, e.sockets.scratch[:n])
	}
	e.settleSocket(place)
}

// hearSocket takes what has come on a socket.
func (e *epoll) hearSocket(s *socket, text []byte) {
	before := s.received
	if s.take(text); s.received > before {
		e.sockets.counts.Received.Add(e.now(), s.received-before)
	}
}

// dueSocket ends the step under way on a socket whose time has run out.
func (e *epoll) dueSocket(place int32) {
	c := &e.conns[place]
	switch g := e.generator.requests[c.job.request].gesture; {
	case g.Hold > 0:
		e.settleStep(place, progress{outcome: funnel.Completed})
	default:
		e.settleStep(place, progress{outcome: funnel.TimedOut, reason: funnel.ReasonTimeout})
		if g.Close {
			e.hangUp(place)
		}
	}
}

// forgetSockets closes the sockets of a person who has finished.
func (e *epoll) forgetSockets(person uint64) {
	if e.sockets.open == nil {
		return
	}
	for target := range e.generator.targets {
		key := owner{person, int32(target)}
		if place, open := e.sockets.open[key]; open {
			e.hangUp(place)
		}
		delete(e.sockets.lost, key)
	}
}

// counted returns the counts of connections and WebSockets.
func (e *epoll) counted() Wire {
	counts := e.counts
	counts.Name, counts.Sockets = epollWire, e.sockets.counts
	return counts
}
