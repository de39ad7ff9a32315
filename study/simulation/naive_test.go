package simulation

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
)

// naive is a second simulator, written from the documentation alone, plain and slow: a sorted list of closures.
type naive struct {
	s      *scenarios.Scenario
	chance *rand.Rand
	slower float64 // factor on all service times: 1, or else the simulator is wrong on purpose
	now    time.Duration
	last   time.Duration // end of the arrivals
	events []naiveEvent  // the next one last
	places map[string]*naivePlace
	guards map[string][]naiveGuard // by where they stand, as in call:registry
	rows   []naiveRow              // by step
}

type naiveEvent struct {
	at time.Duration
	do func()
}

// naiveRow counts at a step. Timed attempts are those that passed or timed out; they waited for so many seconds.
type naiveRow struct {
	attempts, retries, timed, waited float64
	people                           [6]float64
}

// The outcomes of an attempt, and naiveGone for a request whose person has left.
const naivePassed, naiveRejected, naiveTimedOut, naiveAbandoned, naiveGone = 0, 2, 4, 5, 6

func (n *naive) after(wait time.Duration, do func()) {
	at := n.now + wait
	i, _ := slices.BinarySearchFunc(n.events, at, func(e naiveEvent, at time.Duration) int { return cmp.Compare(at, e.at) })
	n.events = slices.Insert(n.events, i, naiveEvent{at, do}) // of those at one instant, the oldest is last
}

// draw draws a time in other ways than by inversion.
func (n *naive) draw(d naiveTime) time.Duration {
	mean, scv := d.Mean(), d.SCV()
	switch family, _, _ := strings.Cut(d.String(), "("); {
	case scv == 0:
	case family == "exponential":
		mean *= n.chance.ExpFloat64()
	case family == "uniform":
		mean *= 1 + math.Sqrt(3*scv)*(2*n.chance.Float64()-1)
	case family == "lognormal":
		mean *= math.Exp(math.Sqrt(math.Log1p(scv))*n.chance.NormFloat64() - math.Log1p(scv)/2)
	default:
		panic("the naive simulator does not know " + family)
	}
	return time.Duration(math.Round(mean * 1e9))
}

// naivePlay plays a scenario under policies.
func naivePlay(s *scenarios.Scenario, policies []scenarios.Policy, seed uint64, slower float64) *naive {
	n := &naive{s, rand.New(rand.NewPCG(seed, 1)), slower, 0, 0, nil, map[string]*naivePlace{}, map[string][]naiveGuard{}, make([]naiveRow, len(s.Journey))}
	for name, station := range s.Stations {
		n.places[name] = &naivePlace{Dependency: scenarios.Dependency{Service: station.Service, Modelled: station.Modelled}, slice: station.Slice}
	}
	for name, d := range s.Dependencies {
		n.places[name] = &naivePlace{Dependency: d}
	}
	for _, policy := range policies {
		n.protect(policy)
	}
	n.come()
	for n.after(n.last+s.Drain, func() {}); n.now < n.last+s.Drain; {
		next := n.events[len(n.events)-1]
		n.now, n.events = next.at, n.events[:len(n.events)-1]
		next.do()
	}
	return n
}

// come lets people come second by second.
func (n *naive) come() {
	sum := 0.0
	for _, piece := range n.s.Arrivals.Signups {
		for end := n.last + piece.For; n.last < end; n.last += time.Second {
			mean := float64(*piece.Rate)
			count := int(math.Round(sum+mean) - math.Round(sum))
			if sum += mean; n.s.Arrivals.Totals == "random" {
				count = -1
				for until := 0.0; until < mean; count++ {
					until += n.chance.ExpFloat64()
				}
			}
			for k := range count {
				at := map[string]float64{"poisson": n.chance.Float64(), "even": float64(k) / float64(count)}[string(n.s.Arrivals.Mode)]
				n.after(n.last+time.Duration(at*1e9), func() { n.attempt(&naiveAttempt{number: 1, visit: 1, retries: new(int)}) })
			}
		}
	}
}

// naiveAttempt is an attempt of a person at a step.
type naiveAttempt struct {
	place, number, visit int
	retries              *int // of the person at all steps
	start                time.Duration
	again, asked, held   bool // not the first at the step; a call has reached the dependency, or may not be withdrawn
	closed, over         bool
	withdraw             func() // takes the request out of the queue in which it waits
}

// attempt sends a request. The first of answer, timeout and the end of patience ends the attempt.
func (n *naive) attempt(a *naiveAttempt) {
	step := n.s.Journey[a.place]
	n.rows[a.place].attempts++
	a.start, a.withdraw = n.now, func() {}
	n.after(step.Timeout, func() { n.finish(a, naiveTimedOut) })
	if !step.Patience.IsZero() {
		n.after(n.draw(step.Patience), func() {
			a.closed = !a.over && step.Leave == "close"
			if n.finish(a, naiveAbandoned); a.closed && !a.held {
				a.withdraw()
			}
		})
	}
	n.after(n.draw(step.Delay), func() {
		n.pass(slices.Concat(n.guards["entry"], n.guards["step:"+step.Name]), a, func(done func(int)) { n.route(a, step.Route, naivePassed, done) }, func(outcome int) { n.finish(a, outcome) })
	})
}

// finish ends an attempt, and begins the next one or the next step.
func (n *naive) finish(a *naiveAttempt, outcome int) {
	if a.over {
		return
	}
	step, row, again := n.s.Journey[a.place], &n.rows[a.place], *a
	if a.over, again.again = true, true; outcome == naivePassed || outcome == naiveTimedOut {
		row.timed++
		row.waited += (n.now - a.start).Seconds()
	}
	pause := n.draw(step.Retry.Return)
	if again.number++; again.number > max(1, step.Retry.Attempts) {
		again.number, again.visit = 1, a.visit+1
	} else if pause = min(step.Retry.Base<<min(30, a.number-1), cmp.Or(step.Retry.Cap, math.MaxInt64)); step.Retry.Jitter == "full" {
		pause = time.Duration(n.chance.Float64() * float64(pause))
	}
	if (outcome == naiveRejected || outcome == naiveTimedOut) && again.visit <= max(1, step.Retry.Visits) && (n.s.RetryBudget == 0 || *a.retries < n.s.RetryBudget) {
		*a.retries++
		row.retries++
		n.after(pause, func() { n.attempt(&again) })
		return
	}
	if row.people[outcome]++; outcome == naivePassed && a.place+1 < len(n.rows) && n.chance.Float64() < step.GoesOn() {
		next := &naiveAttempt{place: a.place + 1, number: 1, visit: 1, retries: a.retries}
		n.after(n.draw(n.s.Journey[next.place].Think), func() { n.attempt(next) })
	}
}

// naivePlace is a station, a dependency, or the gate of a policy: servers, and who waits for them.
type naivePlace struct {
	scenarios.Dependency
	busy, busyS float64 // servers at work, and their seconds so far
	waiting     []*naiveVisit
	slice       time.Duration // of a station that shares; 0 means all of the work
}

// naiveVisit is a request at a place. Smaller classes go first.
type naiveVisit struct {
	who   *naiveAttempt
	class int
	begin func()
	away  func(int)
}

// enter gives a request a server, or a place in the queue, or turns it away.
func (n *naive) enter(p *naivePlace, v *naiveVisit) {
	if p.busy < float64(max(1, p.Servers)) {
		p.busy++
		v.begin()
		return
	}
	at, last := len(p.waiting), len(p.waiting)-1
	for at > 0 && (p.waiting[at-1].class > v.class || p.Discipline == "lifo") {
		at--
	}
	if full := p.Queue != nil && last+1 >= *p.Queue; full && at <= last && p.Kind == "priority-shed" {
		n.leave(p, p.waiting[last], naiveRejected)
	} else if full || v.who.closed && !v.who.held {
		v.away(naiveRejected)
		return
	}
	p.waiting = slices.Insert(p.waiting, at, v)
	v.who.withdraw = func() { n.leave(p, v, naiveGone) }
	if p.Deadline > 0 {
		n.after(p.Deadline, func() { n.leave(p, v, naiveRejected) })
	}
}

// leave takes a request out of a queue, if it still waits.
func (n *naive) leave(p *naivePlace, v *naiveVisit, outcome int) {
	if i := slices.Index(p.waiting, v); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		v.away(outcome)
	}
}

// release gives a server to who is next.
func (n *naive) release(p *naivePlace) {
	if p.busy--; len(p.waiting) > 0 {
		next := p.waiting[0]
		p.waiting = p.waiting[1:]
		n.enter(p, next)
	}
}

// route leads a request through what is left of its route, unless it has its answer.
func (n *naive) route(a *naiveAttempt, hops []scenarios.Hop, outcome int, done func(int)) {
	if outcome != naivePassed || len(hops) == 0 {
		done(outcome)
		return
	}
	hop, on := hops[0], func(outcome int) { n.route(a, hops[1:], outcome, done) }
	switch {
	case hop.Station != "" && hop.Work.IsZero():
		n.serve(a, n.places[hop.Station], n.draw(n.places[hop.Station].ServiceTime), on)
	case hop.Station != "":
		n.serve(a, n.places[hop.Station], n.draw(hop.Work), on)
	case hop.Call != "":
		n.call(a, hop.Call, on)
	case !hop.Wait.IsZero():
		n.after(n.draw(hop.Wait), func() { on(outcome) })
	default:
		pause, again := time.Duration(0), (func(int))(nil)
		again = func(outcome int) {
			if p := n.places[hop.Async]; outcome != naivePassed {
				n.after(pause, func() { n.serve(&naiveAttempt{place: a.place}, p, n.draw(p.ServiceTime), again) })
				pause = min(max(2*pause, time.Second), 5*time.Minute)
			}
		}
		again(naiveRejected)
		on(naivePassed)
	}
}

// call lets the service call a dependency. Once the time is over, the answer is 503.
func (n *naive) call(a *naiveAttempt, name string, done func(int)) {
	a.asked = false
	n.pass(n.guards["call:"+name], a, func(done func(int)) {
		a.asked = true
		var once sync.Once
		first := func(outcome int) { once.Do(func() { done(outcome) }) }
		n.after(cmp.Or(n.s.Backend.CallTimeouts[name], 10*time.Second), func() { first(naiveRejected) })
		n.serve(a, n.places[name], n.draw(n.places[name].ServiceTime), first)
	}, done)
}

// serve lets a station or a dependency serve a request.
func (n *naive) serve(a *naiveAttempt, p *naivePlace, work time.Duration, done func(int)) {
	for _, fault := range p.Faults {
		on := n.now >= fault.At && n.now < fault.At+fault.For && (fault.Probability == 0 || n.chance.Float64() < float64(fault.Probability))
		switch {
		case on && fault.Fault == "outage":
			done(naiveRejected)
			return
		case on && fault.Fault == "slow":
			delay, _ := time.ParseDuration(fault.With["delay"].(string))
			work += delay
		case on && fault.Fault == "brown-out":
			work = time.Duration(float64(work) / fault.With["capacity"].(float64))
		}
	}
	class := map[bool]int{true: max(0, 1-a.place)}[p.Discipline == "priority"]
	work, turn := time.Duration(float64(work)*n.slower), (func())(nil)
	turn = func() {
		slice := min(work, cmp.Or(p.slice, work))
		p.busyS += min(slice, n.last+n.s.Drain-n.now).Seconds()
		n.after(slice, func() {
			if work -= slice; work > 0 {
				p.waiting = append(p.waiting, &naiveVisit{a, class, turn, done})
			}
			if n.release(p); work == 0 {
				done(naivePassed)
			}
		})
	}
	n.enter(p, &naiveVisit{a, class, turn, done})
}

// naiveGuard is a policy: it may let a request in, as often as it likes, or turn it away.
type naiveGuard func(a *naiveAttempt, in func(func(int)), done func(int))

// pass leads a request past policies.
func (n *naive) pass(guards []naiveGuard, a *naiveAttempt, in func(func(int)), done func(int)) {
	for _, guard := range slices.Backward(guards) {
		inner := in
		in = func(done func(int)) { guard(a, inner, done) }
	}
	in(done)
}

// bucket returns a function that earns tokens and reports whether it could spend some. The bucket is full at first.
func (n *naive) bucket(rate, most float64) func(earn, spend float64) bool {
	left, since := most, n.now
	return func(earn, spend float64) bool {
		left, since = min(most, left+earn+rate*(n.now-since).Seconds()), n.now
		if left < spend {
			return false
		}
		left -= spend
		return true
	}
}

// protect puts a policy in its place, behind those before it.
func (n *naive) protect(p scenarios.Policy) {
	bucket, may, guard := n.bucket(float64(p.Rate), float64(p.Burst)), (func(*naiveAttempt) bool)(nil), naiveGuard(nil)
	switch p.Policy {
	case "static-limit", "bounded-fifo", "bulkhead", "priority-shed":
		gate := &naivePlace{}
		gate.Kind, gate.Servers, gate.Queue, gate.Deadline = p.Policy, p.Limit, &p.Queue, p.Deadline
		guard = func(a *naiveAttempt, in func(func(int)), done func(int)) {
			class := map[bool]int{true: 1}[p.Policy == "priority-shed" && (p.At == "entry" && a.place == 0 || p.At != "entry" && !a.again)]
			n.enter(gate, &naiveVisit{a, class, func() { in(func(outcome int) { n.release(gate); done(outcome) }) }, done})
		}
	case "shared-token-bucket", "token-bucket":
		people := map[*int]func(earn, spend float64) bool{} // nil stands for all
		may = func(a *naiveAttempt) bool {
			who := map[string]*int{"token-bucket": a.retries}[p.Policy]
			if people[who] == nil {
				people[who] = n.bucket(float64(p.Rate), float64(p.Burst))
			}
			return people[who](0, 1)
		}
	case "retry-budget":
		may = func(a *naiveAttempt) bool {
			return a.again && bucket(0, 1) || !a.again && bucket(float64(p.Ratio), 0)
		}
		if strings.HasPrefix(p.At, "call:") {
			guard = func(a *naiveAttempt, in func(func(int)), done func(int)) {
				calls, again := 0, (func(int))(nil)
				again = func(outcome int) {
					if calls++; outcome == naivePassed || outcome == naiveGone || !a.asked || calls == p.Attempts || !bucket(0, 1) {
						done(outcome)
						return
					}
					n.after(min(p.Longest, p.Pause<<(calls-1)), func() { a.asked = false; in(again) })
				}
				bucket(float64(p.Ratio), 0)
				in(again)
			}
		}
	case "circuit-breaker":
		guard = n.breaker(p)
	}
	if guard == nil {
		guard = func(a *naiveAttempt, in func(func(int)), done func(int)) {
			if !may(a) {
				in = func(done func(int)) { done(naiveRejected) }
			}
			in(done)
		}
	}
	n.guards[p.At] = append(n.guards[p.At], guard)
}

// breaker returns a circuit breaker.
func (n *naive) breaker(p scenarios.Policy) naiveGuard {
	latest := "" // x for each call that failed; of the probes if it is open
	open, until, probes, era := false, time.Duration(0), 0, 0
	return func(a *naiveAttempt, in func(func(int)), done func(int)) {
		begun := era
		if open && (n.now < until || probes == p.Probes) {
			done(naiveRejected)
			return
		}
		probes++
		a.held = true // the result counts, whether the person stays or not
		in(func(outcome int) {
			a.held = false
			done(outcome)
			if begun != era {
				return
			}
			latest += string(".x"[min(1, outcome)])
			latest = latest[max(0, len(latest)-p.Calls):]
			failed := strings.Count(latest, "x")
			if open && failed > 0 || !open && len(latest) == p.Calls && float64(failed) >= float64(p.Share)*float64(p.Calls) {
				open, until, probes, latest, era = true, n.now+p.Cooldown, 0, "", era+1
			} else if open && len(latest) == p.Probes {
				open, latest, era = false, "", era+1
			}
		})
	}
}
