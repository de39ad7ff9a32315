package loadgen

import (
	"errors"
	"strconv"
	"strings"
	"syscall"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// multiplexed holds the HTTP/2 connections of a shard, and their streams.
type multiplexed struct {
	on      bool            // the run asks for HTTP/2; unary gRPC calls need it anyway
	own     map[owner]int32 // connections of people who have their own; nil if all share
	limit   int             // most streams of a connection
	roomy   [][]int32       // by target: connections that may have room, the one used last comes last
	streams []*stream
	free    []int32     // places in streams
	dirty   []int32     // connections that have something to write
	more    []int32     // connections that were not read to the end
	again   []parkedJob // requests that a server has refused to begin
	fixed   []outgoing  // by request: what is the same for everybody
}

// mostRefused is how often a request is sent again that servers have not begun to work on (RFC 9113, section 8.7).
const mostRefused = 10

// mostRead is how many bytes are read from an HTTP/2 connection before others have their turn.
const mostRead = 1 << 20

func newMultiplexed(g *Generator) multiplexed {
	return multiplexed{
		on: g.config.Connections.HTTP2, limit: g.config.Connections.streams(),
		roomy: make([][]int32, len(g.targets)), fixed: make([]outgoing, len(g.requests)),
	}
}

// overHTTP2 reports whether a request is a stream of an HTTP/2 connection. WebSockets begin in HTTP/1.1.
func (e *epoll) overHTTP2(request *compiled) bool {
	return request.call != nil || e.second.on && !request.upgrades()
}

// protocols reports whether requests to a target need connections of HTTP/1.1, and of HTTP/2. Those that other requests lead to
// count as any.
func (e *epoll) protocols(target int) (first, second bool) {
	first, second = !e.second.on, e.second.on
	named := false
	for i := range e.generator.requests {
		request := &e.generator.requests[i]
		if request.client != target {
			continue
		}
		if !named {
			first, second, named = false, false, true
		}
		unary := request.call != nil && request.call.unary()
		second = second || unary || request.call == nil && e.second.on
		first = first || request.call == nil && !e.second.on
	}
	return first, second
}

// startStream begins a request whose sending time is t.start on a connection that has room, or on a new one.
func (e *epoll) startStream(t *stream) {
	var err error
	if t.request, err = e.outgoing(t.job); err != nil {
		e.fail(t.job, t.start, funnel.Failed, funnel.ReasonBody)
		return
	}
	place, found, err := e.h2Place(t.job)
	if err != nil {
		outcome, reason := classifyError(err)
		e.fail(t.job, t.start, outcome, reason)
		return
	}
	c := &e.conns[place]
	t.waited = found && c.state != busy
	e.prepareCall(t)
	t.silent = e.generator.method(t.job) == fasthttp.MethodHead
	if e.reads(&e.generator.requests[t.job.request]) {
		t.resp = fasthttp.AcquireResponse()
	}
	e.register(t, place)
	c.h2.add(t)
	e.second.dirty = append(e.second.dirty, place)
}

// register gives a stream an index and its deadline.
func (e *epoll) register(t *stream, place int32) {
	m := &e.second
	if n := len(m.free); n > 0 {
		t.index, m.free = m.free[n-1], m.free[:n-1]
		m.streams[t.index] = t
	} else {
		t.index = int32(len(m.streams))
		m.streams = append(m.streams, t)
	}
	t.place = place
	if t.job.timeout > 0 {
		t.deadline = e.deadlines.add(t.start+t.job.timeout, t.job.timeout, ^t.index)
	}
}

// unregister forgets a stream.
func (e *epoll) unregister(t *stream) {
	if t.resp != nil {
		fasthttp.ReleaseResponse(t.resp)
		t.resp = nil
	}
	e.second.streams[t.index] = nil
	e.second.free = append(e.second.free, t.index)
}

// flushStreams begins refused requests again, and writes what the streams have to say. The frames of several requests that
// are due together go in one piece.
func (e *epoll) flushStreams() {
	again := e.second.again
	e.second.again = nil
	for _, refused := range again {
		e.start(refused.job, refused.since)
	}
	for _, place := range e.second.dirty {
		if c := &e.conns[place]; c.h2 != nil && c.state == busy {
			e.flush(place)
		}
	}
	e.second.dirty = e.second.dirty[:0]
}

// flush writes what a connection has to say, and reports whether the connection is still there.
func (e *epoll) flush(place int32) bool {
	c := &e.conns[place]
	s := c.h2
	if len(s.out) > 0 {
		if c.secure != nil {
			if err := c.secure.encrypt(s.out); err != nil {
				e.broken(place, err)
				return false
			}
		} else {
			if len(c.out) == 0 {
				c.out = c.buffer[:0]
			}
			c.out = append(c.out, s.out...)
			c.buffer = c.out[:0]
		}
		s.out, s.replies = s.out[:0], 0
	}
	return !c.unsent() || e.write(place)
}

// handleH2 handles network events of an HTTP/2 connection.
func (e *epoll) handleH2(place int32, events uint32) {
	c := &e.conns[place]
	switch c.state {
	case shaking:
		return // an event from before the handshake
	case connecting:
		if events&(syscall.EPOLLERR|syscall.EPOLLHUP|syscall.EPOLLOUT) == 0 || !e.connected(place) {
			return
		}
	}
	if events&syscall.EPOLLOUT != 0 && c.unsent() && !e.write(place) {
		return
	}
	const gone = syscall.EPOLLERR | syscall.EPOLLHUP | syscall.EPOLLRDHUP
	hangup := events&gone != 0
	if c.secure != nil {
		c.secure.refill(hangup)
	}
	if hangup || events&syscall.EPOLLIN != 0 {
		e.hear(place)
	}
}

// hear reads what the server has sent, up to mostRead bytes.
func (e *epoll) hear(place int32) {
	c := &e.conns[place]
	if cap(c.in) < 64<<10 {
		c.in = make([]byte, 64<<10)
	}
	buffer := c.in[:cap(c.in)]
	for read := 0; ; {
		n, err := c.receive(buffer)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			e.settleStreams(place)
			return
		case err == nil && n == 0:
			err = syscall.ECONNRESET // closed, which is the same to the streams
		case err == nil:
			err = c.h2.take(buffer[:n])
		}
		if err != nil {
			e.broken(place, err)
			return
		}
		if read += n; read >= mostRead {
			e.settleStreams(place)
			if c.h2 != nil {
				e.second.more = append(e.second.more, place)
			}
			return
		}
	}
}

// hearMore goes on reading connections that were not read to the end.
func (e *epoll) hearMore() {
	places := e.second.more
	e.second.more = nil
	for _, place := range places {
		if c := &e.conns[place]; c.h2 != nil && c.state == busy {
			if c.secure != nil {
				c.secure.refill(false)
			}
			e.hear(place)
		}
	}
}

// settleStreams completes the streams of a connection that have ended, and lets the server hear what it has to.
func (e *epoll) settleStreams(place int32) {
	c := &e.conns[place]
	s := c.h2
	e.completeStreams(s)
	if s.greeted && s.allowed() > 0 && len(s.queue) > 0 { // the server takes fewer than were waiting
		for _, t := range s.queue {
			e.parked[queue(c.target, false)].add(parkedJob{t.job, t.start})
			e.unregister(t)
		}
		s.queue = nil
	}
	if len(s.out) > 0 {
		e.second.dirty = append(e.second.dirty, place)
	}
	if e.limits.Idle > 0 && s.idle() {
		c.rested = e.now()
	}
	if s.idle() && (c.cold || s.allowed() == 0) { // nobody will use it
		s.leaving = true
	}
	e.offer(place)
	e.dismiss(place)
}

// completeStreams completes the streams that have ended.
func (e *epoll) completeStreams(s *h2conn) {
	now := e.now()
	for i, t := range s.ended {
		s.ended[i] = nil
		switch {
		case t.left:
			e.orphans--
		case errors.Is(t.err, errRefused) && t.job.refused < mostRefused:
			t.job.refused++
			e.second.again = append(e.second.again, parkedJob{t.job, t.start})
		default:
			answer := completion{slot: t.job.slot, sent: true, start: t.start, end: now}
			if t.reply != nil {
				e.judgeCall(s, t, &answer)
			} else {
				e.judgeStream(s, t, &answer)
			}
			e.done = append(e.done, answer)
		}
		e.unregister(t)
	}
	s.ended = s.ended[:0]
}

// judgeStream sets the outcome of a request whose stream has ended.
func (e *epoll) judgeStream(s *h2conn, t *stream, answer *completion) {
	switch {
	case t.err == nil:
		e.judge(t.job, &e.generator.requests[t.job.request], t.status, t.retry, e.respOf(t), answer)
	case errors.Is(t.err, errRefused):
		answer.answer.Outcome, answer.reason = funnel.Failed, funnel.ReasonStale
	default:
		answer.answer.Outcome, answer.reason = classifyError(t.err)
		if answer.reason == funnel.ReasonReset && s.lost && s.answered > 0 && t.status == 0 {
			answer.reason = funnel.ReasonStale
		}
	}
}

// respOf returns the answer of a stream, which is empty but for its status if nobody asks for more.
func (e *epoll) respOf(t *stream) *fasthttp.Response {
	resp := t.resp
	if resp == nil {
		resp = &e.resp
		resp.Reset()
	}
	resp.SetStatusCode(t.status)
	return resp
}

// loseH2 ends all streams of a connection that failed.
func (e *epoll) loseH2(place int32, err error) {
	c := &e.conns[place]
	c.h2.endAll(err)
	e.completeStreams(c.h2)
	c.state = closed
	e.drop(place)
}

// expireStream completes a stream that has timed out. It leaves the stream open for a while if the person has left silently, so
// that the service keeps working on the abandoned request.
func (e *epoll) expireStream(index int32, sequence uint64) {
	t := e.second.streams[index]
	if t == nil || t.deadline != sequence {
		return
	}
	c := &e.conns[t.place]
	if t.left {
		e.orphans--
	} else {
		answer := completion{slot: t.job.slot, sent: true, start: t.start, end: e.now(), reason: funnel.ReasonTimeout}
		answer.answer.Outcome = funnel.TimedOut
		e.done = append(e.done, answer)
		begun := t.id != 0 && c.state == busy
		if begun && t.job.leaves && e.orphans < e.most && e.generator.requests[t.job.request].Silent {
			t.left, t.deadline = true, e.deadlines.add(e.now()+linger, linger, ^index)
			e.orphans++
			return
		}
	}
	c.h2.cancel(t)
	e.unregister(t)
	if c.state != busy && c.h2.idle() { // it may never open
		e.settle(c)
		c.state = closed
		e.drop(t.place)
		return
	}
	e.settleStreams(t.place)
}

// openedH2 begins the streams of a connection that is established.
func (e *epoll) openedH2(place int32) bool {
	c := &e.conns[place]
	c.state = busy
	for _, t := range c.h2.queue {
		if t.waited {
			e.counts.wait(e.now() - t.start)
		}
	}
	return e.flush(place)
}

// outgoing renders a request.
func (e *epoll) outgoing(work job) (outgoing, error) {
	request := &e.generator.requests[work.request]
	plain := request.fixed && len(work.jar) == 0 && work.hop == nil
	if made := e.second.fixed[work.request]; made.fields != nil && plain {
		return made, nil
	}
	if request.call != nil {
		made, err := e.outgoingCall(work)
		if err == nil && plain {
			e.second.fixed[work.request] = made
		}
		return made, err
	}
	e.compose(work)
	if e.values.fault != nil {
		return outgoing{}, e.values.fault
	}
	made := outgoingOf(&e.req)
	if plain {
		e.second.fixed[work.request] = made
	}
	return made, nil
}

// outgoingOf returns a request as HTTP/2 sends it.
func outgoingOf(req *fasthttp.Request) outgoing {
	uri := req.URI()
	host := string(uri.Host())
	if req.UseHostHeader {
		host = string(req.Header.Host())
	}
	made := outgoing{fields: []hpack.HeaderField{
		{Name: ":authority", Value: host},
		{Name: ":method", Value: string(req.Header.Method())},
		{Name: ":path", Value: string(uri.RequestURI())},
		{Name: ":scheme", Value: string(uri.Scheme())},
	}}
	for name, value := range req.Header.All() {
		switch field := strings.ToLower(string(name)); field {
		case "host", "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "content-length":
		case "te":
			if string(value) == "trailers" {
				made.fields = append(made.fields, hpack.HeaderField{Name: field, Value: "trailers"})
			}
		default:
			made.fields = append(made.fields, hpack.HeaderField{Name: field, Value: string(value)})
		}
	}
	made.body = append([]byte(nil), req.Body()...)
	if len(made.body) > 0 || !req.Header.IsGet() && !req.Header.IsHead() {
		made.fields = append(made.fields, hpack.HeaderField{Name: "content-length", Value: strconv.Itoa(len(made.body))})
	}
	return made
}

// speaksHTTP2 reports whether the handshake of a connection has agreed on HTTP/2.
func (s *secured) speaksHTTP2() bool {
	return s.ConnectionState().NegotiatedProtocol == http2.NextProtoTLS
}
