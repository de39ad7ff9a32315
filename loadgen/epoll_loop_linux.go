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
	n, err := epollWait(e.fd, e.events, pause)
	if err != nil {
		return // interrupted; the caller polls again
	}
	for _, event := range e.events[:n] {
		if e.conns[event.Fd].state != closed {
			e.handle(event.Fd, event.Events)
		}
	}
}

func (e *epoll) handle(place int32, events uint32) {
	c := &e.conns[place]
	const gone = syscall.EPOLLERR | syscall.EPOLLHUP
	switch c.state {
	case idle:
		if events&(gone|syscall.EPOLLRDHUP|syscall.EPOLLIN) != 0 { // the server closes, or sends without a request
			e.drop(place)
		}
		return
	case connecting:
		if events&(gone|syscall.EPOLLOUT) == 0 {
			return
		}
		e.settle(c)
		code, err := syscall.GetsockoptInt(c.fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
		if c.spare {
			e.keepSpare(place, err == nil && code == 0 && events&gone == 0)
			return
		}
		if err != nil || code != 0 {
			e.broken(place, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.Errno(code)})
			return
		}
		c.state = busy
	}
	if len(c.out) > 0 && events&syscall.EPOLLOUT != 0 && !e.write(place) {
		return
	}
	hangup := events&(syscall.EPOLLRDHUP|gone) != 0
	if hangup || events&syscall.EPOLLIN != 0 {
		e.read(place, hangup)
	}
	if c := &e.conns[place]; hangup && c.state == idle {
		e.drop(place) // answered and closed: no further event follows
	}
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
		c := &e.conns[place]
		if c.state == closed || c.deadline != sequence {
			continue
		}
		if c.job.leaves && c.state != orphan && e.orphans < e.most && e.generator.requests[c.job.request].Silent {
			e.leave(place)
		} else {
			e.complete(place, completion{reason: funnel.ReasonTimeout}, funnel.TimedOut)
		}
	}
}

// leave completes a request whose person leaves silently. It keeps the connection open for a while, so that
// the service keeps working on the abandoned request.
func (e *epoll) leave(place int32) {
	const linger = time.Minute
	c := &e.conns[place]
	answer := completion{slot: c.job.slot, sent: true, start: c.start, end: e.now(), reason: funnel.ReasonTimeout}
	answer.answer.Outcome = funnel.TimedOut
	e.finish(c, answer)
	c.state = orphan
	e.orphans++
	c.deadline = e.deadlines.add(e.now()+linger, linger, place)
}
