package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
)

// job is one request to send.
type job struct {
	slot     int32
	request  int // index of what is sent
	person   uint64
	mistyped bool
	timeout  time.Duration // 0 means none
	got      []string      // read only: the walk does not change while its request is in flight
	jar      []cookie      // read only
	attempt  int16
	round    int16
	leaves   bool // a timeout means that the person has left
	refused  int8 // how often a server of HTTP/2 has refused to begin it
	hop      *hop // where the request goes instead of its own place; nil if it does not
}

// linger is the longest time that an answer stays outstanding for which nobody waits, because the person has left silently.
const linger = time.Minute

// completion is the result of a job.
type completion struct {
	slot       int32
	sent       bool // false if the request never left the shard
	start, end time.Duration
	answer     journey.Answer
	reason     funnel.Reason
	got        []string // extracted values by slot; nil if nothing was extracted
	jar        []cookie // the person's cookies; nil if nothing changed
	hop        *hop     // where the answer redirects to; nil if the answer is the last one
}

// wire sends requests and brings their answers. It belongs to the goroutine of one shard.
type wire interface {
	// send begins a request. The wait method returns its completion.
	send(work job)
	// wait appends the completions. If there are none, it waits for one, until the given real time or the end of the
	// context.
	wait(ctx context.Context, until time.Duration, answers []completion) []completion
	// warm opens this many connections to each target in advance, if the wire can.
	warm(n int)
	// forget closes the connections of a person who has finished, if people have their own.
	forget(person uint64)
	// handshakes returns the TLS handshakes so far, if the wire counts them.
	handshakes() Handshakes
	// counted returns what the wire has counted so far.
	counted() Wire
	// close cuts every connection and ends the requests in flight.
	close()
}

// pool is the portable wire, for HTTP/2 too. Each request in flight has a goroutine, and so has each idle connection. Over
// HTTP/2, the connections are those of net/http's client.
type pool struct {
	generator *Generator
	resolvers *resolvers
	routes    []route // by target
	lines     *lines
	sockets   poolSockets
	conns     *connections
	began     time.Time
	jobs      chan job
	done      chan completion
	alarm     *time.Timer
	workers   sync.WaitGroup
}

func newPool(g *Generator, began time.Time, most int) (*pool, error) {
	secure, err := g.tlsConfig()
	if err != nil {
		return nil, err
	}
	p := &pool{
		generator: g, conns: newConnections(began), began: began,
		jobs: make(chan job), sockets: poolSockets{open: map[owner]*poolSocket{}}, done: make(chan completion, most), alarm: time.NewTimer(0),
	}
	if p.resolvers, err = g.newResolvers(context.Background()); err != nil {
		return nil, err
	}
	for i, target := range g.targets {
		address, isTLS, _ := hostOf(target) // newResolvers has parsed it
		r := route{address: address, dial: p.conns.dialer(p.resolvers.all[i]), conns: p.conns}
		_, _, r.proxy, _ = g.config.Connections.PlaceOf(target) // likewise
		if isTLS {
			r.secure = secure.Clone()
			r.secure.ServerName, _, _ = net.SplitHostPort(address) // newResolvers has split it
		}
		p.routes = append(p.routes, r)
	}
	p.lines = newLines(p, g.config.Connections, most)
	return p, nil
}

// newPortable returns the wire that works everywhere.
func newPortable(g *Generator, began time.Time, most int) (wire, error) {
	p, err := newPool(g, began, most)
	if err != nil {
		return nil, err
	}
	return withCalls(p, g, began, p.resolvers, nothing, func(answer completion) { p.done <- answer })
}

func (p *pool) send(work job) {
	select {
	case p.jobs <- work:
	default:
		p.startWorker()
		p.jobs <- work
	}
}

func (p *pool) startWorker() {
	w := &worker{composer: composer{generator: p.generator}, pool: p, began: p.began}
	p.workers.Go(func() {
		for work := range p.jobs {
			p.done <- w.do(work)
		}
	})
}

func (p *pool) wait(ctx context.Context, until time.Duration, answers []completion) []completion {
	answers = p.take(answers)
	if len(answers) > 0 {
		return answers
	}
	p.alarm.Reset(until - time.Since(p.began))
	select {
	case answer := <-p.done:
		answers = append(answers, answer)
	case <-p.alarm.C:
	case <-ctx.Done():
	}
	return p.take(answers)
}

func (p *pool) take(answers []completion) []completion {
	for {
		select {
		case answer := <-p.done:
			answers = append(answers, answer)
		default:
			return answers
		}
	}
}

func (p *pool) warm(n int) { p.lines.warm(n) }

func (p *pool) handshakes() Handshakes {
	p.conns.mu.Lock()
	defer p.conns.mu.Unlock()
	return p.conns.handshakes
}

func (p *pool) forget(person uint64) {
	p.forgetSockets(person)
	p.lines.forget(person)
}

func (p *pool) close() {
	p.alarm.Stop()
	close(p.jobs)
	p.conns.cutAll()
	p.workers.Wait()
	p.resolvers.close()
}

// worker sends one request after another and reuses its buffers.
type worker struct {
	composer
	pool   *pool
	began  time.Time
	resp   fasthttp.Response
	source bytes.Reader
	reader *bufio.Reader
}

// do sends the request and reads the answer.
func (w *worker) do(work job) completion {
	if w.generator.requests[work.request].gesture != nil {
		return w.doSocket(work)
	}
	done := completion{slot: work.slot, sent: true, start: time.Since(w.began)}
	clients := w.pool.lines.second[w.generator.client(work)]
	if clients == nil {
		w.exchange(work, &done)
		return done
	}
	request := w.compose(work)
	w.resp.Reset()
	if w.values.fault != nil {
		done.end, done.answer.Outcome, done.reason = done.start, funnel.Failed, funnel.ReasonBody
		return done
	}
	w.resp.SkipBody = w.generator.method(work) == fasthttp.MethodHead
	client := clients.take(owner{work.person, int32(w.generator.client(work))}, w.generator.cold(work))
	err := w.doHTTP2(clients, client, work.timeout, work.leaves && request.Silent)
	done.end = time.Since(w.began)
	if err != nil {
		done.answer.Outcome, done.reason = classifyError(err)
		return done
	}
	w.judge(work, request, w.resp.StatusCode(), parseRetry(w.resp.Header.Peek("Retry-After")), &w.resp, &done)
	return done
}
