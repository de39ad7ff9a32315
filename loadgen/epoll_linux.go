package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// epoll is the wire for plain HTTP on Linux: all connections of a shard on the shard's own
// goroutine, without a goroutine, channel or runtime timer for each request.
//
// Note: the pool of goroutines on fasthttp's client took three times the CPU per request; half of
// it went into waking goroutines and into the timers of deadlines.
type epoll struct {
	composer
	began     time.Time
	fd        int
	resolvers *resolvers
	limits    Connections
	own       map[owner]int32 // idle connections of people who have their own; nil where all share
	conns     []conn
	free      []int32   // places in conns
	idle      [][]int32 // by target; the one used last comes first
	deadlines deadlines
	parked    []parking // by target
	dialing   int       // connections being opened
	orphans   int       // requests that nobody waits for any more
	most      int       // of them
	events    []syscall.EpollEvent
	done      []completion
	resp      fasthttp.Response
	source    bytes.Reader
	reader    *bufio.Reader
}

// conn is one connection and the request under way on it.
type conn struct {
	fd       int
	target   int32
	state    connState
	job      job
	start    time.Duration
	deadline uint64 // the sequence number of the job's deadline; 0 where it has none
	out      []byte // what is still to be written
	in       []byte // what has been read of the answer
	buffer   []byte // backing of out
	answers  int    // requests answered on it so far
	opened   time.Duration
	rested   time.Duration // when it became idle
	owner    owner
	cold     bool // closed after its only answer
	spare    bool // opened ahead, for nobody yet
	dialing  bool // not yet opened
}

// owner is a person at a target.
type owner struct {
	person uint64
	target int32
}

type connState uint8

const (
	closed connState = iota
	connecting
	idle
	busy
	orphan // the person has left without a word; the answer is still to come
)

// newWire returns the fastest wire that reaches all targets.
func newWire(g *Generator, began time.Time, most int) (wire, error) {
	for _, target := range g.targets {
		if _, secure, err := hostOf(target); err != nil || secure {
			return newPool(g, began, most)
		}
	}
	return newEpoll(g, began, most)
}

func newEpoll(g *Generator, began time.Time, most int) (*epoll, error) {
	e := &epoll{
		composer: composer{generator: g}, began: began, most: most, limits: g.config.Connections, idle: make([][]int32, len(g.targets)), parked: make([]parking, len(g.targets)),
		events: make([]syscall.EpollEvent, 512), reader: bufio.NewReaderSize(nil, 64<<10),
	}
	if e.limits.PerPerson {
		e.own = map[owner]int32{}
	}
	var err error
	if e.resolvers, err = g.newResolvers(context.Background()); err != nil {
		return nil, err
	}
	e.fd, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	return e, err
}

func sockaddrOf(address netip.AddrPort) (syscall.Sockaddr, int) {
	if address.Addr().Is4() {
		return &syscall.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}, syscall.AF_INET
	}
	return &syscall.SockaddrInet6{Port: int(address.Port()), Addr: address.Addr().As16()}, syscall.AF_INET6
}

func (e *epoll) now() time.Duration { return time.Since(e.began) }

// send begins a request on an idle connection, or on a new one, or lets it wait for one.
func (e *epoll) send(work job) {
	target := int32(e.generator.requests[work.request].client)
	if !e.parked[target].empty() || e.full(target) {
		e.parked[target].add(parkedJob{work, e.now()})
		return
	}
	e.start(work, e.now())
}

// start begins a request that was sent at the given time.
func (e *epoll) start(work job, start time.Duration) {
	text, err := e.bytes(work)
	if err != nil {
		e.fail(work, start, funnel.Failed, funnel.ReasonBody)
		return
	}
	target := int32(e.generator.requests[work.request].client)
	place, err := e.connection(work, target)
	if err != nil {
		outcome, reason := classifyError(err)
		e.fail(work, start, outcome, reason)
		return
	}
	c := &e.conns[place]
	c.job, c.start, c.deadline = work, start, 0
	c.buffer = append(c.buffer[:0], text...)
	c.out, c.in = c.buffer, c.in[:0]
	if work.timeout > 0 {
		c.deadline = e.deadlines.add(start+work.timeout, work.timeout, place)
	}
	if c.state == idle {
		c.state = busy
		e.write(place)
	}
}

func (e *epoll) fail(work job, start time.Duration, outcome funnel.Outcome, reason funnel.Reason) {
	answer := completion{slot: work.slot, sent: true, start: start, end: e.now(), reason: reason}
	answer.answer.Outcome = outcome
	e.done = append(e.done, answer)
}

// connection returns the place of an idle connection, or of one that is being opened.
func (e *epoll) connection(work job, target int32) (int32, error) {
	cold := e.generator.cold(work)
	if !cold {
		if place, found := e.rested(work, target); found {
			return place, nil
		}
	}
	sockaddr, family := sockaddrOf(e.resolvers.all[target].address())
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, syscall.IPPROTO_TCP)
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

// warm opens connections ahead, so many to each target: where every first request opened its own,
// opening them would take the time in which the next requests come, and these would open more.
func (e *epoll) warm(n int) {
	for target := range e.resolvers.all {
		for range n {
			sockaddr, family := sockaddrOf(e.resolvers.all[target].address())
			fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, syscall.IPPROTO_TCP)
			if err != nil {
				return // the first request will tell
			}
			place := e.place(fd, int32(target))
			e.conns[place].spare = true
			if e.open(place, sockaddr) != nil {
				e.drop(place)
			}
		}
	}
}

// keepSpare makes a connection that was opened ahead idle, or closes it where it did not come about.
func (e *epoll) keepSpare(place int32, established bool) {
	c := &e.conns[place]
	c.spare = false
	if !established {
		c.state = closed
		e.drop(place)
		return
	}
	c.state = idle
	e.rest(place)
}

// rested returns an idle connection that may be used again; those too old are closed.
func (e *epoll) rested(work job, target int32) (int32, bool) {
	for {
		place, found := int32(0), false
		if e.own != nil {
			key := owner{work.person, target}
			place, found = e.own[key]
			delete(e.own, key)
		} else if waiting := e.idle[target]; len(waiting) > 0 {
			place, found = waiting[len(waiting)-1], true
			e.idle[target] = waiting[:len(waiting)-1]
		}
		if !found || !e.tooOld(&e.conns[place]) {
			return place, found
		}
		e.conns[place].state = closed // no list holds it any more
		e.drop(place)
	}
}

func (e *epoll) tooOld(c *conn) bool {
	if e.limits.Life == 0 && e.limits.Idle == 0 {
		return false
	}
	now := e.now()
	return e.limits.Life > 0 && now-c.opened > e.limits.Life || e.limits.Idle > 0 && now-c.rested > e.limits.Idle
}

// rest makes a connection idle, unless its person has another one resting.
func (e *epoll) rest(place int32) {
	c := &e.conns[place]
	if e.limits.Idle > 0 {
		c.rested = e.now()
	}
	if e.own == nil {
		e.idle[c.target] = append(e.idle[c.target], place)
		return
	}
	if _, taken := e.own[c.owner]; taken {
		c.state = closed
		e.drop(place)
		return
	}
	e.own[c.owner] = place
}

func (e *epoll) forget(person uint64) {
	if e.own == nil {
		return
	}
	for target := range e.generator.targets {
		if place, found := e.own[owner{person, int32(target)}]; found {
			e.drop(place)
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
	e.dialing++
	return place
}

// open begins to connect; the edge-triggered events of the socket come from wait.
func (e *epoll) open(place int32, sockaddr syscall.Sockaddr) error {
	c := &e.conns[place]
	if e.limits.Life > 0 {
		c.opened = e.now()
	}
	if err := syscall.SetsockoptInt(c.fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return err
	}
	const edgeTriggered = 1 << 31 // EPOLLET, whose constant in package syscall is negative
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | edgeTriggered, Fd: place}
	if err := syscall.EpollCtl(e.fd, syscall.EPOLL_CTL_ADD, c.fd, &event); err != nil {
		return err
	}
	err := syscall.Connect(c.fd, sockaddr)
	if err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return nil
}

// drop closes a connection; what was under way on it must have been answered.
func (e *epoll) drop(place int32) {
	c := &e.conns[place]
	if c.state == idle && e.own != nil {
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
	_ = syscall.Close(c.fd) // nothing that can be done about it
	*c = conn{in: c.in[:0], buffer: c.buffer}
	e.free = append(e.free, place)
}

// wait takes what the network brings until there is an answer, the time has come or the context ends.
func (e *epoll) wait(ctx context.Context, until time.Duration, answers []completion) []completion {
	for {
		pause := time.Duration(0)
		if len(e.done) == 0 {
			const glance = 100 * time.Millisecond // how often the context is looked at
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

// poll waits for events, at most the given time, and handles them.
func (e *epoll) poll(pause time.Duration) {
	n, err := epollWait(e.fd, e.events, pause)
	if err != nil {
		return // interrupted; the caller looks again
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
		if events&(gone|syscall.EPOLLRDHUP|syscall.EPOLLIN) != 0 { // the server closes, or speaks unasked
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
		e.drop(place) // answered and closed: no further edge will tell
	}
}

// write writes what is left and says whether the connection still stands.
func (e *epoll) write(place int32) bool {
	c := &e.conns[place]
	for len(c.out) > 0 {
		n, err := writeSocket(c.fd, c.out)
		switch {
		case err == nil:
			c.out = c.out[n:]
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return true
		default:
			e.broken(place, err)
			return false
		}
	}
	return true
}

// read reads what has come and completes the request when its answer is whole. After a hangup it
// reads to the end, because no further edge will tell.
func (e *epoll) read(place int32, hangup bool) {
	c := &e.conns[place]
	for {
		if cap(c.in)-len(c.in) < 4<<10 {
			c.in = append(c.in, make([]byte, max(8<<10, cap(c.in)))...)[:len(c.in)]
		}
		space := cap(c.in) - len(c.in)
		n, err := readSocket(c.fd, c.in[len(c.in):cap(c.in)])
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
		if e.answered(place, n == 0) || n < space && !hangup {
			return // the answer is whole, or the socket is empty: its next edge tells
		}
	}
}

// answered looks whether the answer is whole, completes the request then, and says whether the
// connection is done with it. Ended means that the other side has closed.
func (e *epoll) answered(place int32, ended bool) bool {
	c := &e.conns[place]
	request := &e.generator.requests[c.job.request]
	toHead := request.Method == fasthttp.MethodHead
	f, err := parseFrame(c.in, toHead)
	for err == nil && f.interim() {
		c.in = append(c.in[:0], c.in[f.head:]...)
		f, err = parseFrame(c.in, toHead)
	}
	switch {
	case err != nil:
		e.complete(place, completion{reason: funnel.ReasonBody}, funnel.Failed)
	case f.whole || f.untilClose && ended:
		e.judgeFrame(place, request, f)
	case ended:
		e.complete(place, completion{reason: c.lost()}, funnel.Failed)
	default:
		return false
	}
	return true
}

// judgeFrame completes a request by its answer and keeps the connection where it may be used again.
func (e *epoll) judgeFrame(place int32, request *compiled, f frame) {
	c := &e.conns[place]
	answer := completion{slot: c.job.slot, sent: true, start: c.start, end: e.now()}
	e.resp.Reset()
	if e.reads(request) {
		e.resp.SkipBody = request.Method == fasthttp.MethodHead
		e.source.Reset(fullLines(c.in[:f.head+f.body], f.head))
		e.reader.Reset(&e.source)
		if err := e.resp.ReadLimitBody(e.reader, maxBody); err != nil {
			e.complete(place, completion{reason: funnel.ReasonBody}, funnel.Failed)
			return
		}
	}
	e.judge(request, f.status, f.retry, &e.resp, c.job.jar, &answer)
	e.finish(c, answer)
	if !f.keep || c.cold || len(c.in) > f.head+f.body || len(c.out) > 0 {
		e.drop(place)
		return
	}
	c.state, c.job, c.deadline = idle, job{}, 0
	c.answers++
	e.rest(place)
}

// lost says what it means that the connection was closed before the answer was whole.
func (c *conn) lost() funnel.Reason {
	if c.answers > 0 && len(c.in) == 0 {
		return funnel.ReasonStale
	}
	return funnel.ReasonReset
}

// broken completes the request of a connection that failed.
func (e *epoll) broken(place int32, err error) {
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

// finish hands over what came of a request, unless its person has left already.
func (e *epoll) finish(c *conn, answer completion) {
	if c.state == orphan {
		e.orphans--
		return
	}
	e.done = append(e.done, answer)
}

// leave ends a request whose person left, without closing the connection: the service works on for
// nobody, and is given so long to answer.
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

// expire completes the requests whose time has run out.
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

func (e *epoll) close() {
	for i := range e.conns {
		if e.conns[i].state != closed {
			_ = syscall.Close(e.conns[i].fd) // the run is over
		}
	}
	_ = syscall.Close(e.fd) // likewise
	e.resolvers.close()
}
