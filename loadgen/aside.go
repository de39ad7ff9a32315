package loadgen

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// mixed is a wire that makes gRPC calls with grpc-go, except for those that the other wire takes, and leaves everything else to
// that wire. Each call under way has a goroutine. Their number is bounded by that of requests in flight.
//
// Note: a wire must wait in one place. The results therefore go to the other wire, through its deliver method, which
// wakes it up.
type mixed struct {
	wire
	takes     func(*call) bool // whether the other wire makes a call
	generator *Generator
	began     time.Time
	channels  map[int]*channel // by target
	conns     *connections
	deliver   func(completion)
	jobs      chan timedJob
	context   context.Context
	cancel    context.CancelFunc
	workers   sync.WaitGroup
}

// timedJob is a job and when it was to be sent.
type timedJob struct {
	job
	start time.Duration
}

// routeOf returns how calls reach a target.
func (m *mixed) routeOf(g *Generator, target int, resolvers *resolvers) route {
	r := route{dial: m.conns.dialer(resolvers.all[target]), conns: m.conns}
	r.address, _, _ = hostOf(g.targets[target]) // newResolvers has parsed it
	_, _, r.proxy, _ = g.config.Connections.PlaceOf(g.targets[target])
	return r
}

// withCalls adds gRPC calls to a wire if the run makes any that the wire does not take. Deliver may be called by any goroutine.
func withCalls(base wire, g *Generator, began time.Time, resolvers *resolvers, takes func(*call) bool, deliver func(completion)) (wire, error) {
	m := &mixed{wire: base, takes: takes, generator: g, began: began, deliver: deliver, channels: map[int]*channel{}, conns: newConnections(began), jobs: make(chan timedJob)}
	m.context, m.cancel = context.WithCancel(context.Background())
	used, err := m.open(resolvers)
	if err != nil {
		m.close()
		return nil, err
	}
	if !used {
		m.cancel()
		m.conns.stop()
		return base, nil
	}
	return m, nil
}

// open makes the channels, which connect when they are first used, and asks the servers to describe their methods. It reports
// whether there was need of any channel.
func (m *mixed) open(resolvers *resolvers) (used bool, err error) {
	g := m.generator
	g.describing.Lock()
	defer g.describing.Unlock()
	for i := range g.requests {
		target := g.requests[i].client
		if call := g.requests[i].call; m.channels[target] != nil || call == nil || call.method != nil && m.takes(call) {
			continue
		}
		if m.channels[target], err = newChannel(g, target, m.routeOf(g, target, resolvers).through); err != nil {
			delete(m.channels, target)
			return false, err
		}
	}
	used = len(m.channels) > 0
	if err := g.describeAll(m.context, m.channels); err != nil {
		return false, err
	}
	for target, channel := range m.channels {
		if !slices.ContainsFunc(g.requests, func(r compiled) bool { return r.client == target && m.makes(&r) }) {
			_ = channel.Close() // it has served to describe methods
			delete(m.channels, target)
		}
	}
	return used, nil
}

// makes reports whether the wire itself makes a request.
func (m *mixed) makes(request *compiled) bool { return request.call != nil && !m.takes(request.call) }

func (m *mixed) send(work job) {
	if !m.makes(&m.generator.requests[work.request]) {
		m.wire.send(work)
		return
	}
	timed := timedJob{work, time.Since(m.began)}
	select {
	case m.jobs <- timed:
	default:
		m.startWorker()
		m.jobs <- timed
	}
}

func (m *mixed) startWorker() {
	w := m.newAside()
	m.workers.Go(func() {
		for work := range m.jobs {
			m.deliver(w.doCall(m.context, work.job, work.start))
		}
	})
}

func (m *mixed) newAside() *aside {
	return &aside{composer: composer{generator: m.generator}, mixed: m}
}

// warm opens the gRPC connections too.
func (m *mixed) warm(n int) {
	for i := range m.generator.requests {
		if request := &m.generator.requests[i]; m.makes(request) {
			m.channels[request.client].Connect()
		}
	}
	m.wire.warm(n)
}

// counted adds the connections of gRPC.
func (m *mixed) counted() Wire {
	m.conns.mu.Lock()
	defer m.conns.mu.Unlock()
	counts := m.wire.counted()
	name := counts.Name
	counts = counts.plus(m.conns.counts)
	counts.Name = name
	return counts
}

func (m *mixed) close() {
	m.cancel()
	close(m.jobs)
	m.conns.cutAll()
	m.workers.Wait()
	for _, channel := range m.channels {
		_ = channel.Close() // the run is over
	}
	m.wire.close()
}

// aside makes one call after another and reuses its buffers.
type aside struct {
	composer
	*mixed
	resp fasthttp.Response
}

// nothing is what a wire takes that makes no calls itself.
func nothing(*call) bool { return false }

func (w *aside) now() time.Duration { return time.Since(w.mixed.began) }
