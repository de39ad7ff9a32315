package loadgen

import (
	"context"
	"net"
	"syscall"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// wait handles network events until a request has completed, the time has come or the context ends.
func (e *epoll) wait(ctx context.Context, until time.Duration, answers []completion) []completion {
	for {
		pause := time.Duration(0)
		if len(e.done) == 0 {
			const glance = 100 * time.Millisecond // how often the context is checked
			pause = min(until-e.now(), glance)
			if due, any := e.deadlines.first(); any {
				pause = min(pause, due-e.now())
			}
			if len(e.second.more) > 0 {
				pause = 0
			}
			if due, any := e.parkExpiry(); any {
				pause = min(pause, due-e.now())
			}
		}
		e.poll(max(0, pause))
		e.expire()
		e.servePark()
		if len(e.done) > 0 || e.now() >= until || ctx.Err() != nil {
			answers = append(answers, e.done...)
			clear(e.done)
			e.done = e.done[:0]
			return answers
		}
	}
}

// poll waits for events for at most the given time and handles them.
func (e *epoll) poll(pause time.Duration) {
	e.flushStreams()
	n, err := epollWait(e.fd, e.events, pause, e.keeps && pause < longWait)
	if err != nil {
		return // interrupted; the caller polls again
	}
	e.hearMore()
	for _, event := range e.events[:n] {
		if event.Fd == alarm {
			e.takeHandshakes()
		} else if e.conns[event.Fd].state != closed {
			e.handle(event.Fd, event.Events)
		}
	}
}

func (e *epoll) handle(place int32, events uint32) {
	c := &e.conns[place]
	if c.socket != nil {
		e.handleSocket(place, events)
		return
	}
	if c.h2 != nil {
		e.handleH2(place, events)
		return
	}
	const gone = syscall.EPOLLERR | syscall.EPOLLHUP
	switch c.state {
	case idle:
		e.handleIdle(place, events)
		return
	case shaking:
		return // an event from before the handshake
	case connecting:
		if events&(gone|syscall.EPOLLOUT) == 0 {
			return
		}
		if !e.connected(place) {
			if events&(gone|syscall.EPOLLRDHUP) != 0 && e.conns[place].state == idle {
				e.drop(place)
			}
			return
		}
		c = &e.conns[place]
	}
	if c.unsent() && events&syscall.EPOLLOUT != 0 && !e.write(place) {
		return
	}
	hangup := events&(syscall.EPOLLRDHUP|gone) != 0
	if c.secure != nil {
		c.secure.refill(hangup)
	}
	if hangup || events&syscall.EPOLLIN != 0 {
		e.read(place, hangup)
	}
	c = &e.conns[place]
	if c.secure != nil && c.state == busy && c.unsent() {
		e.write(place) // an answer to new keys, too
	}
	if hangup && e.conns[place].state == idle {
		e.drop(place) // answered and closed: no further event follows
	}
}

// handleIdle closes an idle connection if the server closes it, or sends without a request. Over TLS the server may
// send tickets and new keys.
func (e *epoll) handleIdle(place int32, events uint32) {
	const gone = syscall.EPOLLERR | syscall.EPOLLHUP | syscall.EPOLLRDHUP
	c := &e.conns[place]
	switch {
	case events&gone != 0 || events&syscall.EPOLLIN != 0 && c.secure == nil:
		e.drop(place)
	case events&syscall.EPOLLIN != 0:
		c.secure.refill(false)
		e.tidy(place)
	}
}

// connected handles the end of connecting, and reports whether the connection's request is being sent.
func (e *epoll) connected(place int32) bool {
	c := &e.conns[place]
	code, err := syscall.GetsockoptInt(c.fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err != nil || code != 0 {
		e.unopened(place, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.Errno(code)})
		return false
	}
	if e.secure.configs[c.target] != nil {
		e.shake(place)
		return false
	}
	return e.opened(place)
}

// opened begins the request of a connection that is established, or makes it idle if it has none.
func (e *epoll) opened(place int32) bool {
	c := &e.conns[place]
	e.settle(c)
	if c.h2 != nil {
		return e.openedH2(place)
	}
	if c.spare {
		c.spare, c.state = false, idle
		e.rest(place)
		return false
	}
	return e.begin(place)
}

// unopened ends a connection that could not be established.
func (e *epoll) unopened(place int32, err error) {
	c := &e.conns[place]
	e.settle(c)
	if c.spare && c.h2 == nil { // the requests will report it
		c.state = closed
		e.drop(place)
		return
	}
	e.broken(place, err)
}

// expire completes the requests that have timed out.
func (e *epoll) expire() {
	now := e.now()
	for {
		due, any := e.deadlines.first()
		if !any || due > now {
			return
		}
		place, sequence := e.deadlines.pop()
		if place < 0 {
			e.expireStream(^place, sequence)
			continue
		}
		c := &e.conns[place]
		if c.state == closed || c.deadline != sequence {
			continue
		}
		if c.socket != nil {
			e.dueSocket(place)
			continue
		}
		if c.job.leaves && c.state == busy && e.orphans < e.most && e.generator.requests[c.job.request].Silent {
			e.leave(place)
		} else {
			e.complete(place, completion{reason: funnel.ReasonTimeout}, funnel.TimedOut)
		}
	}
}

// leave completes a request whose person leaves silently. It keeps the connection open for a while, so that
// the service keeps working on the abandoned request.
func (e *epoll) leave(place int32) {
	c := &e.conns[place]
	answer := completion{slot: c.job.slot, sent: true, start: c.start, end: e.now(), reason: funnel.ReasonTimeout}
	answer.answer.Outcome = funnel.TimedOut
	e.finish(c, answer)
	c.state = orphan
	e.orphans++
	c.deadline = e.deadlines.add(e.now()+linger, linger, place)
}
