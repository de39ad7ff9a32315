package loadgen

import (
	"context"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// mixed is a wire that makes gRPC calls itself and leaves everything else to another wire. Each call under way has a
// goroutine. Their number is bounded by that of requests in flight.
//
// Note: a wire must wait in one place. The results therefore go to the other wire, through its deliver method, which
// wakes it up.
type mixed struct {
	wire
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

// withCalls adds gRPC calls to a wire if the run makes any. Deliver may be called by any goroutine.
func withCalls(base wire, g *Generator, began time.Time, resolvers *resolvers, deliver func(completion)) (wire, error) {
	m := &mixed{wire: base, generator: g, began: began, deliver: deliver, channels: map[int]*channel{}, conns: newConnections(began), jobs: make(chan timedJob)}
	for i := range g.requests {
		target := g.requests[i].client
		if g.requests[i].call == nil || m.channels[target] != nil {
			continue
		}
		channel, err := newChannel(g, target, m.routeOf(g, target, resolvers).through)
		if err != nil {
			return nil, err
		}
		m.channels[target] = channel
	}
	if len(m.channels) == 0 {
		return base, nil
	}
	m.context, m.cancel = context.WithCancel(context.Background())
	if err := g.describeAll(m.context, m.channels); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *mixed) send(work job) {
	if m.generator.requests[work.request].call == nil {
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
	for _, channel := range m.channels {
		channel.Connect()
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

func (w *aside) now() time.Duration { return time.Since(w.mixed.began) }
