package sim

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/workload"
)

// lab is a queueing network with customers of several classes, for comparison with closed forms. It is a client of
// a Floor, like the model of the surge.
type lab struct {
	engine    *Engine
	floor     *Floor
	design    design
	stream    workload.Stream
	services  []sampler
	patience  sampler
	customers []customer
	free      []int32
	warm      time.Duration
	seen      observations
}

// design describes an experiment. Rates are per second of simulated time.
type design struct {
	stations []StationConfig
	sources  []source
	route    func(l *lab, at int) int // next station, or -1 to leave; nil leaves at once
	closed   int                      // customers of a closed network, who start at station 0
	patience string                   // a customer who waits longer leaves; "" means never
	timeout  time.Duration            // the client stops waiting, but the server continues
	arrivals int                      // expected number of customers after the warm-up, which sets the end of the run
	rate     func(t float64) float64  // time-varying rate of source 0, at most its rate; nil means a constant rate
	horizon  time.Duration            // replaces arrivals
	initial  func(l *lab) int         // customers at station 0 at the start
	tail     bool                     // measure the p99 of the sojourn
}

type source struct {
	rate    float64
	station int
	class   uint8
}

type customer struct {
	arrived, entered time.Duration // in the network, at the station
	work             time.Duration
	class            uint8
	station          int32
	job              Job
	leave            Handle
}

// observations are of customers who arrived after the warm-up.
type observations struct {
	offered, blocked, abandoned, waited, done int
	sojourn, wait                             [Classes]mean
	sojourns                                  []float64 // of class 0, if the tail is measured, in seconds
}

// mean is a running mean of seconds.
type mean struct{ sum, n float64 }

func (m *mean) add(value time.Duration) { m.sum, m.n = m.sum+value.Seconds(), m.n+1 }

func (m *mean) value() float64 { return m.sum / m.n }

const (
	labArrival Kind = iota // subject: the source
	labLeaves              // subject: the customer
	labFloor               // first of the floor's kinds
)

func newLab(d design, seed uint64) *lab {
	root := workload.Seed{Value: seed}
	l := &lab{engine: NewEngine(), design: d, stream: root.Stream(workload.NewPurpose("lab"), 0, 0, 0)}
	l.floor = NewFloor(l.engine, labFloor, root, l)
	for _, station := range d.stations {
		if err := station.Validate(); err != nil {
			panic(err)
		}
		l.floor.Add(station)
		l.services = append(l.services, newSampler(station.ServiceTime))
	}
	if d.patience != "" {
		l.patience = newSampler(dist(d.patience))
	}
	for i := range d.sources {
		l.next(i)
	}
	for range d.closed {
		l.arrive(source{})
	}
	if d.initial != nil {
		for range d.initial(l) {
			l.arrive(d.sources[0])
		}
	}
	return l
}

func dist(text string) workload.Distribution {
	d, err := workload.ParseDistribution(text)
	if err != nil {
		panic(err)
	}
	return d
}

func (l *lab) next(source int) {
	gap := l.stream.ExpFloat64() / l.design.sources[source].rate
	l.engine.After(time.Duration(gap*float64(time.Second)), NewEvent(labArrival, int32(source)))
}

// run plays until the end and returns the simulated time after the warm-up, in seconds.
func (l *lab) run(warm, end time.Duration) float64 {
	l.warm = warm
	for {
		if at, any := l.engine.Peek(); !any || at > end {
			break
		}
		event, _ := l.engine.Next()
		switch event.Kind() {
		case labArrival:
			source := l.design.sources[event.Subject()]
			l.next(int(event.Subject()))
			if rate := l.design.rate; rate == nil || l.stream.Float64()*source.rate < rate(l.engine.Now().Seconds()) {
				l.arrive(source)
			}
		case labLeaves:
			l.leaves(event.Subject())
		default:
			l.floor.Handle(event)
		}
	}
	l.engine.Advance(end)
	return (end - warm).Seconds()
}

func (l *lab) counts(c *customer) bool { return c.arrived >= l.warm }

func (l *lab) arrive(from source) {
	var number int32
	if n := len(l.free); n > 0 {
		number, l.free = l.free[n-1], l.free[:n-1]
	} else {
		number = int32(len(l.customers))
		l.customers = append(l.customers, customer{})
	}
	l.customers[number] = customer{arrived: l.engine.Now(), class: from.class}
	if l.engine.Now() >= l.warm {
		l.seen.offered++
	}
	l.enter(number, from.station)
}

func (l *lab) enter(number int32, station int) {
	c := &l.customers[number]
	c.entered, c.station = l.engine.Now(), int32(station)
	c.work = l.services[station].draw(&l.stream)
	job, why := l.floor.Enter(station, number, c.class, c.work)
	if why != Taken {
		if l.counts(c) {
			l.seen.blocked++
		}
		l.free = append(l.free, number)
		return
	}
	c.job = job
	switch {
	case l.design.patience != "" && l.floor.jobs.table[job].state == jobWaiting:
		c.leave = l.engine.Schedule(l.engine.Now()+l.patience.draw(&l.stream), NewEvent(labLeaves, number))
	case l.design.timeout > 0:
		c.leave = l.engine.Schedule(l.engine.Now()+l.design.timeout, NewEvent(labLeaves, number))
	}
}

func (l *lab) leaves(number int32) {
	c := &l.customers[number]
	if l.floor.jobs.table[c.job].state != jobWaiting && l.design.timeout == 0 {
		return // in service, so patience no longer applies
	}
	if l.design.timeout > 0 {
		l.floor.Leave(c.job)
	} else {
		l.floor.Withdraw(c.job)
	}
	if l.counts(c) {
		l.seen.abandoned++
		l.seen.wait[c.class].add(l.engine.Now() - c.entered)
		l.seen.waited++
	}
	l.free = append(l.free, number)
}

func (l *lab) Served(number int32, _ Job) {
	c := &l.customers[number]
	l.engine.Revoke(c.leave)
	now := l.engine.Now()
	if l.counts(c) {
		wait := now - c.entered - c.work
		l.seen.wait[c.class].add(wait)
		if wait > 0 {
			l.seen.waited++
		}
	}
	to := -1
	if l.design.route != nil {
		to = l.design.route(l, int(c.station))
	}
	if to >= 0 {
		l.enter(number, to)
		return
	}
	if l.counts(c) {
		l.seen.done++
		l.seen.sojourn[c.class].add(now - c.arrived)
		if l.design.tail {
			l.seen.sojourns = append(l.seen.sojourns, (now - c.arrived).Seconds())
		}
	}
	if l.design.closed > 0 {
		c.arrived = now
		l.enter(number, 0)
		return
	}
	l.free = append(l.free, number)
}

func (l *lab) Refused(number int32, _ Refusal) {
	if l.counts(&l.customers[number]) {
		l.seen.abandoned++
	}
	l.free = append(l.free, number)
}

// sheet holds the results of one replication by the name of the figure.
type sheet map[string]float64

// measure plays one replication. The first fifth is the warm-up.
func (d design) measure(seed uint64) sheet {
	end := d.horizon
	if end == 0 {
		rate := 0.0
		for _, source := range d.sources {
			rate += source.rate
		}
		end = time.Duration(1.25 * float64(d.arrivals) / rate * float64(time.Second))
	}
	warm := end / 5
	l := newLab(d, seed)
	l.run(0, warm)
	l.seen = observations{}
	before := l.readings()
	seconds := l.run(warm, end)
	after := l.readings()
	result := sheet{}
	for i := range after {
		name := string(rune('1' + i))
		b, a := before[i], after[i]
		result["X"+name] = float64(a.completions-b.completions) / seconds
		result["U"+name] = (a.busyTime - b.busyTime).Seconds() / seconds / float64(l.floor.stations[i].servers)
		result["Lq"+name] = (a.queueTime - b.queueTime).Seconds() / seconds
		result["L"+name] = result["Lq"+name] + (a.busyTime-b.busyTime).Seconds()/seconds
		result["wasted"+name] = float64(a.wasted-b.wasted) / seconds
	}
	o := &l.seen
	for class := range o.sojourn {
		name := string(rune('0' + class))
		result["W."+name], result["Wq."+name] = o.sojourn[class].value(), o.wait[class].value()
	}
	if d.tail {
		slices.Sort(o.sojourns)
		result["p99"] = stat.Quantile(0.99, stat.Empirical, o.sojourns, nil)
	}
	offered := float64(o.offered)
	result["pBlock"], result["pAbandon"], result["pWait"] = float64(o.blocked)/offered, float64(o.abandoned)/offered, float64(o.waited)/offered
	result["throughput"] = float64(o.done) / seconds
	return result
}

func (l *lab) readings() []stats {
	var all []stats
	for _, s := range l.floor.stations {
		s.accrue()
		all = append(all, s.stats)
	}
	return all
}

// replications is the number of replications per experiment. Their seeds are 1 to 20.
const replications = 20

// holds compares one figure with theory. The half-width must be at most the tolerance, and the estimate within
// four standard errors.
func holds(t *testing.T, figure string, values []float64, theory, tolerance float64) {
	t.Helper()
	mean, deviation := stat.MeanStdDev(values, nil)
	n := float64(len(values))
	standardError := deviation / math.Sqrt(n)
	half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * standardError
	if !(half <= tolerance*theory) {
		t.Errorf("%s: the half-width %.3g is %.2f %% of %.6g; allowed: %.1f %%", figure, half, 100*half/theory, theory, 100*tolerance)
	}
	if !(math.Abs(mean-theory) <= 4*standardError) {
		t.Errorf("%s = %.6g, theory %.6g: %.1f standard errors off", figure, mean, theory, math.Abs(mean-theory)/standardError)
	}
	t.Logf("%s = %.6g ± %.2g (theory %.6g)", figure, mean, half, theory)
}

// check plays all replications and compares every figure with theory. The tolerance is 3 % for the figures in
// wide, such as probabilities and tails, and 1 % for the others.
func (d design) check(t *testing.T, theory sheet, wide ...string) {
	t.Helper()
	_, d.tail = theory["p99"]
	values := map[string][]float64{}
	for seed := uint64(1); seed <= replications; seed++ {
		for name, value := range d.measure(seed) {
			values[name] = append(values[name], value)
		}
	}
	for name, want := range theory {
		tolerance := 0.01
		if slices.Contains(wide, name) {
			tolerance = 0.03
		}
		holds(t, name, values[name], want, tolerance)
	}
}

// station returns a station with c servers. A queue below 0 is unbounded.
func station(servers int, service string, queue int) StationConfig {
	config := StationConfig{Name: "s", Service: workload.Service{Servers: servers, ServiceTime: dist(service)}}
	if queue >= 0 {
		config.Queue = &queue
	}
	return config
}

func one(rate float64, config StationConfig, arrivals int) design {
	return design{stations: []StationConfig{config}, sources: []source{{rate: rate}}, arrivals: arrivals}
}
