package loadgen

import (
	"errors"
	"syscall"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// write writes the rest of the request and reports whether the connection is still usable.
func (e *epoll) write(place int32) bool {
	c := &e.conns[place]
	out := &c.out
	if c.secure != nil {
		out = &c.secure.out
	}
	for len(*out) > 0 {
		n, err := writeSocket(c.fd, *out)
		switch {
		case err == nil:
			*out = (*out)[n:]
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return true
		case c.state == idle:
			e.drop(place)
			return false
		case c.socket != nil:
			e.loseSocket(place, funnel.ReasonReset)
			return false
		default:
			e.broken(place, err)
			return false
		}
	}
	return true
}

// read reads the available bytes and completes the request if its answer is complete. After a hangup it reads to the
// end, because no further event follows.
func (e *epoll) read(place int32, hangup bool) {
	c := &e.conns[place]
	for {
		if cap(c.in)-len(c.in) < 4<<10 {
			c.in = append(c.in, make([]byte, max(8<<10, cap(c.in)))...)[:len(c.in)]
		}
		space := cap(c.in) - len(c.in)
		n, err := c.receive(c.in[len(c.in):cap(c.in)])
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return
		case err != nil:
			e.broken(place, err)
			return
		}
		c.in = c.in[:len(c.in)+n]
		more := n == space || hangup || c.secure != nil && c.secure.ended != nil // otherwise the socket is empty until its next event
		if e.answered(place, n == 0) || !more {
			break
		}
	}
	if c := &e.conns[place]; c.secure != nil && c.state == idle {
		e.tidy(place)
	}
}

// tidy reads what TLS itself has to say on an idle connection, such as tickets, and answers it. It closes the
// connection if the server has closed it, or has sent more than was asked for.
func (e *epoll) tidy(place int32) {
	c := &e.conns[place]
	var one [1]byte
	if _, err := c.secure.receive(one[:]); !errors.Is(err, syscall.EAGAIN) {
		e.drop(place)
		return
	}
	e.write(place)
}

// receive reads from a connection, decrypted, without blocking.
func (c *conn) receive(buffer []byte) (int, error) {
	if c.secure == nil {
		return readSocket(c.fd, buffer)
	}
	return c.secure.receive(buffer)
}

// unsent reports whether a part of the request was not written yet.
func (c *conn) unsent() bool {
	return len(c.out) > 0 || c.secure != nil && len(c.secure.out) > 0
}

// answered completes the request if its answer is complete or cannot become so, and reports whether it did. Ended means
// that the server has closed the connection.
func (e *epoll) answered(place int32, ended bool) bool {
	c := &e.conns[place]
	request := &e.generator.requests[c.job.request]
	toHead := e.generator.method(c.job) == fasthttp.MethodHead
	f, err := parseFrame(c.in, toHead)
	for err == nil && f.interim() {
		c.in = append(c.in[:0], c.in[f.head:]...)
		f, err = parseFrame(c.in, toHead)
	}
	switch {
	case err != nil:
		e.complete(place, completion{reason: funnel.ReasonBody}, funnel.Failed)
	case f.whole && f.status == fasthttp.StatusSwitchingProtocols && request.upgrades():
		e.upgrade(place, request, f)
	case f.whole || f.untilClose && ended:
		e.judgeFrame(place, request, f)
	case ended:
		e.complete(place, completion{reason: c.lost()}, funnel.Failed)
	default:
		return false
	}
	return true
}

// judgeFrame completes a request with its answer and keeps the connection if it can be reused.
func (e *epoll) judgeFrame(place int32, request *compiled, f frame) {
	c := &e.conns[place]
	answer := completion{slot: c.job.slot, sent: true, start: c.start, end: e.now()}
	e.resp.Reset()
	if e.reads(request) {
		toHead := e.generator.method(c.job) == fasthttp.MethodHead
		if err := readAnswer(&e.source, e.reader, c.in, f, toHead, &e.resp); err != nil {
			e.complete(place, completion{reason: funnel.ReasonBody}, funnel.Failed)
			return
		}
	}
	e.judge(c.job, request, f.status, f.retry, &e.resp, &answer)
	e.finish(c, answer)
	if !f.keep || c.cold || len(c.in) > f.head+f.body || c.unsent() {
		e.drop(place)
		return
	}
	c.state, c.job, c.deadline = idle, job{}, 0
	c.answers++
	e.rest(place)
}

// lost returns the reason of a request whose connection was closed before the answer was complete.
func (c *conn) lost() funnel.Reason {
	if c.answers > 0 && len(c.in) == 0 {
		return funnel.ReasonStale
	}
	return funnel.ReasonReset
}

// broken completes the request of a connection that failed.
func (e *epoll) broken(place int32, err error) {
	if e.conns[place].h2 != nil {
		e.loseH2(place, err)
		return
	}
	outcome, reason := classifyError(err)
	if reason == funnel.ReasonReset {
		reason = e.conns[place].lost()
	}
	e.complete(place, completion{reason: reason}, outcome)
}

// complete ends the request under way with an outcome and closes its connection.
func (e *epoll) complete(place int32, answer completion, outcome funnel.Outcome) {
	c := &e.conns[place]
	answer.slot, answer.sent, answer.start, answer.end = c.job.slot, true, c.start, e.now()
	answer.answer.Outcome = outcome
	e.finish(c, answer)
	c.state = closed
	e.drop(place)
}

// finish reports the completion of a request, unless its person has already left.
func (e *epoll) finish(c *conn, answer completion) {
	if c.state == orphan {
		e.orphans--
		return
	}
	e.done = append(e.done, answer)
}
