package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// epoll is the wire on Linux, for HTTP/1.1 and HTTP/2, with and without TLS. It serves all connections of a shard on the
// shard's own goroutine, without a goroutine, channel or runtime timer for each request.
//
// Note: a pool of goroutines on fasthttp's client took three times the CPU per request. Half of that went into waking
// goroutines and into the timers of deadlines.
type epoll struct {
	composer
	began     time.Time
	fd        int
	resolvers *resolvers
	limits    Connections
	own       map[owner]int32 // idle connections of HTTP/1.1 of people who have their own; nil if all share
	secure    *security       // how TLS connections are made
	conns     []conn
	free      []int32   // places in conns
	idle      [][]int32 // by target; the one used last comes first
	deadlines deadlines
	parked    []parking // by target, see the queue function
	dialing   []int     // connections being opened, by target
	orphans   int       // requests whose person has left
	most      int       // limit of orphans
	events    []syscall.EpollEvent
	done      []completion
	resp      fasthttp.Response
	source    bytes.Reader
	reader    *bufio.Reader
	sockets   sockets
	second    multiplexed
	text      []byte // buffer of a message as JSON
	counts    Wire
	keeps     bool // it keeps a processor of Go's scheduler while it waits
}

// conn is one connection and the request in flight on it.
type conn struct {
	fd       int
	target   int32
	state    connState
	job      job
	start    time.Duration
	deadline uint64 // the sequence number of the job's deadline; 0 if it has none
	out      []byte // the rest of the request, still to be written
	in       []byte // the part of the answer that was read
	buffer   []byte // backing array of out
	answers  int    // requests answered on it so far
	opened   time.Duration
	rested   time.Duration // when it became idle
	owner    owner
	cold     bool     // closed after its only answer
	spare    bool     // opened in advance, for no request yet
	dialing  bool     // not yet established
	socket   *socket  // nil unless it is a WebSocket
	secure   *secured // nil for plain HTTP, and until the TLS handshake begins
	h2       *h2conn  // nil unless it is HTTP/2
	roomy    bool     // it is among the connections that may have room for a stream
}

type connState uint8

const (
	closed connState = iota
	connecting
	shaking // in the TLS handshake, on a goroutine of its own
	idle
	busy
	held   // a WebSocket on which no step is under way
	orphan // the person has left silently and the answer is outstanding
)

// newWire returns the fastest wire that reaches all targets.
func newWire(g *Generator, began time.Time, most int) (wire, error) {
	if g.config.Portable || g.proxied() {
		return newPortable(g, began, most)
	}
	e, err := newEpoll(g, began, most)
	if err != nil {
		return nil, err
	}
	return withCalls(e, g, began, e.resolvers, (*call).unary, e.secure.deliver)
}

func newEpoll(g *Generator, began time.Time, most int) (*epoll, error) {
	e := &epoll{
		composer: composer{generator: g}, began: began, most: most, limits: g.config.Connections, idle: make([][]int32, len(g.targets)), parked: make([]parking, 2*len(g.targets)), dialing: make([]int, len(g.targets)),
		events: make([]syscall.EpollEvent, 512), reader: bufio.NewReaderSize(nil, 64<<10),
	}
	e.sockets, e.second = newSockets(g), newMultiplexed(g)
	if e.limits.PerPerson {
		e.own, e.second.own = map[owner]int32{}, map[owner]int32{}
	}
	var err error
	if e.resolvers, err = g.newResolvers(context.Background()); err != nil {
		return nil, err
	}
	if e.fd, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err == nil {
		e.secure, err = newSecurity(g, e.fd)
	}
	if err == nil {
		e.keepProcessor()
	}
	return e, err
}

func (e *epoll) now() time.Duration { return time.Since(e.began) }

// send begins a request on an idle or a new connection, or parks it until there is one.
func (e *epoll) send(work job) {
	if request := &e.generator.requests[work.request]; request.gesture != nil && !request.upgrades() {
		e.speak(work)
		return
	}
	target := int32(e.generator.client(work))
	if alone := e.needsOwn(work, target); !e.parked[queue(target, alone)].empty() || e.full(work, target, alone) {
		e.parked[queue(target, alone)].add(parkedJob{work, e.now()})
		return
	}
	e.start(work, e.now())
}

// start begins a request whose sending time is start.
func (e *epoll) start(work job, start time.Duration) {
	if e.overHTTP2(&e.generator.requests[work.request]) {
		e.startStream(&stream{job: work, start: start})
		return
	}
	text, err := e.bytes(work)
	if err != nil {
		e.fail(work, start, funnel.Failed, funnel.ReasonBody)
		return
	}
	target := int32(e.generator.client(work))
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
		e.begin(place)
	}
}

// begin sends the request of an established connection, and reports whether the connection is still usable.
func (e *epoll) begin(place int32) bool {
	c := &e.conns[place]
	c.state = busy
	if c.secure != nil {
		if err := c.secure.encrypt(c.out); err != nil {
			e.broken(place, err)
			return false
		}
		c.out = nil
	}
	return e.write(place)
}

func (e *epoll) fail(work job, start time.Duration, outcome funnel.Outcome, reason funnel.Reason) {
	answer := completion{slot: work.slot, sent: true, start: start, end: e.now(), reason: reason}
	answer.answer.Outcome = outcome
	e.done = append(e.done, answer)
}

func (e *epoll) close() {
	e.freeProcessor()
	for i := range e.conns {
		if c := &e.conns[i]; c.state != closed {
			if c.secure != nil {
				c.secure.abort()
			}
			_ = syscall.Close(c.fd) // the run is over
		}
	}
	e.secure.close()
	_ = syscall.Close(e.fd) // likewise
	e.resolvers.close()
}
