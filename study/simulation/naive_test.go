package simulation

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
)

// naive is a second simulator, written from the documentation alone. It shares no code and no random number with the
// first, and prefers plain code to speed: a sorted list of closures, and queues that are searched.
type naive struct {
	s       *scenarios.Scenario
	chance  *rand.Rand
	slower  float64 // factor on all service times: 1, or else the simulator is wrong on purpose
	now     time.Duration
	last    time.Duration // end of the arrivals
	events  []*naiveEvent // the next one last
	places  map[string]*naivePlace
	guards  map[string][]naiveGuard // by where they stand, as in call:registry
	repeats map[string]func(number, answer int) (time.Duration, bool)
	rows    []naiveRow // by step
}

type naiveEvent struct {
	at time.Duration
	do func() // nil if called off
}

// naiveRow counts the people at a step. Its times are in seconds.
type naiveRow struct {
	entered, retries, timed, waited float64 // timed: attempts that passed or timed out; waited: their response times
	people                          [naiveGone]float64
}

// The outcomes of an attempt, and naiveGone for a request whose person has left.
const (
	naivePassed = iota
	naiveDeclined
	naiveRejected
	naiveFailed
	naiveTimedOut
	naiveAbandoned
	naiveGone
)

func (n *naive) at(at time.Duration, do func()) *naiveEvent {
	e := &naiveEvent{at, do}
	i, _ := slices.BinarySearchFunc(n.events, e, func(a, b *naiveEvent) int { return int(min(max(b.at-a.at, -1), 1)) })
	n.events = slices.Insert(n.events, i, e) // before those of the same instant, which come first
	return e
}

func (n *naive) after(wait time.Duration, do func()) *naiveEvent { return n.at(n.now+wait, do) }

type naiveTime interface {
	Mean() float64
	SCV() float64
	String() string
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

// naivePlay plays a scenario with its plan applied, except for the policy without.
func naivePlay(s *scenarios.Scenario, seed uint64, slower float64, without string) *naive {
	n := &naive{s: s, chance: rand.New(rand.NewPCG(seed, 1)), slower: slower, places: map[string]*naivePlace{}, guards: map[string][]naiveGuard{},
		repeats: map[string]func(int, int) (time.Duration, bool){}, rows: make([]naiveRow, len(s.Journey))}
	for name, station := range s.Stations {
		n.places[name] = &naivePlace{Station: station}
	}
	for name, d := range s.Dependencies {
		n.places[name] = &naivePlace{Station: scenarios.Station{Service: d.Service, Modelled: d.Modelled}, faults: d.Faults, onward: d.Calls}
	}
	for _, plan := range s.Plans {
		for _, policy := range plan.Policies {
			if plan.Name == s.Plan() && policy.Policy != without {
				n.protect(policy)
			}
		}
	}
	n.people()
	for end := n.last + s.Drain; ; {
		e := &naiveEvent{at: end + 1}
		if len(n.events) > 0 {
			e, n.events = n.events[len(n.events)-1], n.events[:len(n.events)-1]
		}
		if n.now = min(e.at, end); e.at > end {
			break
		} else if e.do != nil {
			e.do()
		}
	}
	for _, p := range n.places {
		p.tick(n.now)
	}
	return n
}

func (n *naive) step(name string) int {
	return slices.IndexFunc(n.s.Journey, func(step scenarios.Step) bool { return step.Name == name })
}

// people lets everybody come.
func (n *naive) people() {
	n.come(n.s.Arrivals.Signups, func(at time.Duration) { n.at(at, func() { n.walk(false, nil) }) })
	n.come(n.s.Arrivals.Visitors, func(at time.Duration) { n.at(at, func() { n.walk(true, nil) }) })
	if closed := n.s.Arrivals.Closed; closed != nil {
		n.last = closed.For
		var next func()
		next = func() {
			if begin := n.now + n.draw(closed.Think); begin <= closed.For {
				n.at(begin, func() { n.walk(false, next) })
			}
		}
		for range closed.People {
			next()
		}
	}
}

func (n *naive) come(pieces []scenarios.Segment, come func(time.Duration)) {
	begin, sum := 0.0, 0.0
	for _, piece := range pieces {
		for second := range int(piece.For.Seconds()) {
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
				come(time.Duration((begin + float64(second) + at) * 1e9))
			}
		}
		begin += piece.For.Seconds()
	}
	n.last = max(n.last, time.Duration(begin*1e9))
}

// naiveWalker is a person, and naiveAttempt one of their attempts at the step at a place of their way.
type naiveWalker struct {
	visitor      bool
	way          []int
	retries      int
	seen, rounds map[int]int
	end          func() // nil for nothing
}

type naiveAttempt struct {
	*naiveWalker
	place, number, visit int
	further              bool // a further round
	repeated             bool
	closed, over         bool
	start                time.Duration
	withdraw             func()
}

func (n *naive) walk(visitor bool, end func()) {
	w := &naiveWalker{visitor: visitor, seen: map[int]int{}, rounds: map[int]int{}, end: end}
	ways := n.s.Ways()
	for u := n.chance.Float64(); len(ways) > 1 && u >= ways[0].Share; ways = ways[1:] {
		u -= ways[0].Share
	}
	for _, name := range ways[0].Steps {
		w.way = append(w.way, n.step(name))
	}
	n.visit(w, 0)
}

func (n *naive) visit(w *naiveWalker, place int) {
	w.seen[place]++
	if w.seen[place] == 1 {
		n.rows[w.way[place]].entered++
	}
	n.attempt(&naiveAttempt{naiveWalker: w, place: place, number: 1, visit: 1, further: w.seen[place] > 1})
}

// attempt sends a request, and waits for the first of answer, timeout and the end of patience.
func (n *naive) attempt(a *naiveAttempt) {
	step := n.s.Journey[a.way[a.place]]
	a.start = n.now
	if (a.number > 1 || a.visit > 1 || a.repeated) && !a.further {
		n.rows[a.way[a.place]].retries++
	}
	n.after(step.Timeout, func() { n.finish(a, naiveTimedOut) })
	if !step.Patience.IsZero() {
		n.after(n.draw(step.Patience), func() {
			a.closed = !a.over && step.Leave == "close"
			if n.finish(a, naiveAbandoned); a.closed && a.withdraw != nil {
				a.withdraw()
			}
		})
	}
	guards := append(slices.Clone(n.guards["entry"]), n.guards["step:"+step.Name]...)
	n.after(n.draw(step.Delay), func() {
		n.pass(guards, a, func(done func(int)) { n.route(a, step.Route, done) }, func(answer int) { n.finish(a, answer) })
	})
}

// finish ends an attempt, and begins the next one or the next step.
func (n *naive) finish(a *naiveAttempt, outcome int) {
	if a.over {
		return
	}
	a.over = true
	step, row := n.s.Journey[a.way[a.place]], &n.rows[a.way[a.place]]
	if outcome == naivePassed || outcome == naiveTimedOut {
		row.timed++
		row.waited += (n.now - a.start).Seconds()
	}
	next := &naiveAttempt{naiveWalker: a.naiveWalker, place: a.place, number: a.number + 1, visit: a.visit, further: a.further}
	wait := time.Duration(-1)
	if retry := step.Retry; outcome > naiveDeclined && outcome < naiveAbandoned && (n.s.RetryBudget == 0 || a.retries < n.s.RetryBudget) {
		if a.number < retry.Attempts {
			if wait = retry.Base << min(30, a.number-1); retry.Cap > 0 {
				wait = min(wait, retry.Cap)
			}
			if retry.Jitter == "full" {
				wait = time.Duration(n.chance.Float64() * float64(wait))
			}
		} else if a.visit < retry.Visits {
			wait, next.number, next.visit = n.draw(retry.Return), 1, a.visit+1
		}
	}
	switch {
	case wait >= 0:
		a.retries++
		n.after(wait, func() { n.attempt(next) })
		return
	case !a.further:
		row.people[outcome]++
	}
	if outcome == naivePassed && !a.visitor && (step.Continue == nil || n.chance.Float64() < float64(*step.Continue)) {
		n.onward(a.naiveWalker, a.place)
	} else if a.end != nil {
		a.end()
	}
}

// onward leads a person who passed or skipped a step to the next.
func (n *naive) onward(w *naiveWalker, place int) {
	step, to, again := n.s.Journey[w.way[place]], place+1, (*scenarios.Loop)(nil)
	if step.Loop != nil {
		if w.rounds[place] == 0 {
			w.rounds[place] = step.Loop.Times.Least + n.chance.IntN(step.Loop.Times.Most-step.Loop.Times.Least+1)
		}
		if w.rounds[place]--; w.rounds[place] > 0 {
			again, to = step.Loop, slices.Index(w.way, n.step(step.Loop.BackTo))
		}
	}
	u := n.chance.Float64()
	for i := 0; i < len(step.Next) && again == nil; i++ {
		branch := step.Next[i]
		if branch.Share == nil || u < float64(*branch.Share) {
			if to = slices.Index(w.way, n.step(branch.To)); branch.To == "end" {
				to = len(w.way)
			}
			break
		}
		u -= float64(*branch.Share)
	}
	if to == len(w.way) {
		if w.end != nil {
			w.end()
		}
		return
	}
	following := n.s.Journey[w.way[to]]
	if skip := following.Optional != nil && n.chance.Float64() >= float64(*following.Optional); skip || following.Once != "" && w.seen[to] > 0 {
		n.onward(w, to)
		return
	}
	think := n.draw(following.Think)
	if again != nil && again.Every != nil {
		think = n.draw(*again.Every)
	}
	n.after(think, func() { n.visit(w, to) })
}

// naivePlace is a station, a dependency, or the queue of a policy: servers, and who waits for them.
type naivePlace struct {
	scenarios.Station
	faults  []scenarios.Fault
	onward  []scenarios.Onward
	codel   scenarios.Policy
	since   time.Duration // since when the queue is not empty
	busy    int
	changed time.Duration // when busyS was brought up to date
	busyS   float64
	waiting []*naiveVisit
}

// naiveVisit is a request at a place.
type naiveVisit struct {
	who   *naiveAttempt
	class int // smaller ones go first, if the discipline looks at it
	begin func(waited bool)
	end   func(answer int) // without having been served
}

func (p *naivePlace) tick(now time.Duration) {
	p.busyS += float64(p.busy) * (now - p.changed).Seconds()
	p.changed = now
}

func (p *naivePlace) stands(now time.Duration) bool {
	return p.codel.Target > 0 && len(p.waiting) > 0 && now >= p.since+p.codel.Interval
}

// enter gives a request a server, or a place in the queue, or turns it away.
func (n *naive) enter(p *naivePlace, v *naiveVisit) {
	p.tick(n.now)
	if p.busy < max(1, p.Servers) {
		p.busy++
		v.begin(false)
		return
	}
	full := p.Queue != nil && len(p.waiting) >= *p.Queue
	if full && len(p.waiting) > 0 && p.Discipline == "shed" && p.waiting[len(p.waiting)-1].class > v.class {
		n.leave(p, p.waiting[len(p.waiting)-1], naiveRejected)
		full = false
	}
	if v.who.closed || full {
		v.end(map[bool]int{true: naiveGone, false: naiveRejected}[v.who.closed])
		return
	}
	if len(p.waiting) == 0 {
		p.since = n.now
	}
	at, _ := slices.BinarySearchFunc(p.waiting, v, func(a, b *naiveVisit) int {
		return map[bool]int{true: 1, false: -1}[(p.Discipline == "priority" || p.Discipline == "shed") && a.class > b.class]
	})
	p.waiting = slices.Insert(p.waiting, at, v)
	v.who.withdraw = func() { n.leave(p, v, naiveGone) }
	if p.Deadline > 0 {
		n.after(p.Deadline, func() { n.leave(p, v, naiveRejected) })
	}
	if p.codel.Target > 0 {
		n.after(p.codel.Target, func() { n.tire(p, v) })
	}
}

// tire turns a request away that has waited for too long in a standing queue, or will have once the queue is one.
func (n *naive) tire(p *naivePlace, v *naiveVisit) {
	if p.stands(n.now) {
		n.leave(p, v, naiveRejected)
	} else if slices.Contains(p.waiting, v) {
		n.at(p.since+p.codel.Interval, func() { n.tire(p, v) })
	}
}

// leave takes a request out of a queue, if it still waits.
func (n *naive) leave(p *naivePlace, v *naiveVisit, answer int) {
	if i := slices.Index(p.waiting, v); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		v.end(answer)
	}
}

// release gives a server to who is next.
func (n *naive) release(p *naivePlace) {
	p.tick(n.now)
	if p.busy--; len(p.waiting) == 0 {
		return
	}
	next := 0
	if p.Discipline == "lifo" || p.stands(n.now) {
		next = len(p.waiting) - 1
	}
	v := p.waiting[next]
	p.waiting = slices.Delete(p.waiting, next, next+1)
	p.busy++
	v.begin(true)
}

// route leads a request through what is left of its route.
func (n *naive) route(a *naiveAttempt, hops []scenarios.Hop, done func(int)) {
	if len(hops) == 0 {
		done(naivePassed)
		return
	}
	on := func(answer int) {
		if answer == naivePassed {
			n.route(a, hops[1:], done)
		} else {
			done(answer)
		}
	}
	switch hop := hops[0]; {
	case hop.Call != "":
		n.call(a, hop.Call, 1, on)
	case hop.Async != "":
		n.call(&naiveAttempt{naiveWalker: a.naiveWalker}, hop.Async, 1, func(int) {})
		on(naivePassed)
	case hop.Work.IsZero():
		n.serve(a, hop.Station, n.draw(n.places[hop.Station].ServiceTime), on)
	default:
		n.serve(a, hop.Station, n.draw(hop.Work), on)
	}
}

// call lets the service call a dependency, and again if its policy says so.
func (n *naive) call(a *naiveAttempt, name string, number int, done func(int)) {
	patience := n.s.Backend.CallTimeouts[name]
	if patience == 0 {
		patience = 10 * time.Second
	}
	n.pass(n.guards["call:"+name], a, func(done func(int)) {
		n.serve(a, name, n.draw(n.places[name].ServiceTime), n.within(patience, done))
	}, func(answer int) {
		if again := n.repeats["call:"+name]; again != nil && answer != naiveGone {
			if pause, again := again(number, answer); again {
				n.after(pause, func() { n.call(a, name, number+1, done) })
				return
			}
		}
		done(answer)
	})
}

// within returns a function that takes the first answer, which after some time is 503.
func (n *naive) within(patience time.Duration, done func(int)) func(int) {
	given := false
	first := func(answer int) {
		if !given {
			given = true
			done(answer)
		}
	}
	n.after(patience, func() { first(naiveRejected) })
	return first
}

// serve lets a station or a dependency serve a request.
func (n *naive) serve(a *naiveAttempt, name string, work time.Duration, done func(int)) {
	p, step := n.places[name], n.s.Journey[a.way[a.place]]
	work = time.Duration(float64(work) * n.slower)
	for _, fault := range p.faults {
		if n.now < fault.At || n.now >= fault.At+fault.For || fault.Probability > 0 && n.chance.Float64() >= float64(fault.Probability) {
			continue
		}
		switch fault.Fault {
		case "outage":
			done(naiveRejected)
			return
		case "black-hole":
			return
		case "slow":
			delay, _ := time.ParseDuration(fault.With["delay"].(string))
			work += delay
		case "brown-out":
			work = time.Duration(float64(work) / fault.With["capacity"].(float64))
		}
	}
	present := p.busy + len(p.waiting)
	if p.Balk > 0 && n.chance.Float64() >= 1/(1+p.Balk*float64(present)) {
		done(naiveRejected)
		return
	}
	if load := float64(present+1) / float64(max(1, p.Servers)); p.Degrades.Factor > 1 && load > 1 {
		work = time.Duration(float64(work) * (1 + (p.Degrades.Factor-1)*min(1, (load-1)/(p.Degrades.Load-1))))
	}
	class := 1
	if step.Priority != nil {
		class = *step.Priority
	} else if a.way[a.place] > n.step(n.s.Arrivals.Step) {
		class = 0
	}
	n.enter(p, &naiveVisit{who: a, class: class, end: done, begin: func(waited bool) {
		if !waited {
			work += n.draw(p.SetUp)
		}
		n.after(work, func() { n.onwards(a, p.onward, func(answer int) { n.release(p); done(answer) }) })
	}})
}

// onwards makes the calls of a dependency, one after another.
func (n *naive) onwards(a *naiveAttempt, calls []scenarios.Onward, done func(int)) {
	if len(calls) == 0 {
		done(naivePassed)
		return
	}
	place := n.places[calls[0].Call]
	n.serve(&naiveAttempt{naiveWalker: a.naiveWalker, place: a.place}, calls[0].Call, n.draw(place.ServiceTime), n.within(calls[0].Patience(), func(answer int) {
		if answer != naivePassed {
			done(naiveRejected)
			return
		}
		n.onwards(a, calls[1:], done)
	}))
}

// naiveGuard lets a request in, and is told the answer, or turns it away.
type naiveGuard func(a *naiveAttempt, in func(out func(answer int)), away func(answer int))

// pass leads a request past guards, and what comes of it back.
func (n *naive) pass(guards []naiveGuard, a *naiveAttempt, in func(done func(int)), done func(int)) {
	if len(guards) == 0 {
		in(done)
		return
	}
	guards[0](a, func(out func(int)) {
		n.pass(guards[1:], a, in, func(answer int) { out(answer); done(answer) })
	}, done)
}

// protect puts a policy in its place.
func (n *naive) protect(policy scenarios.Policy) {
	var guard naiveGuard
	switch policy.Policy {
	case "static-limit", "bounded-fifo", "bulkhead", "priority-shed", "codel":
		guard = n.limit(policy)
	case "shared-token-bucket", "token-bucket":
		buckets := map[*naiveWalker]*naiveBucket{}
		guard = func(a *naiveAttempt, in func(func(int)), away func(int)) {
			w := a.naiveWalker
			if policy.Policy[0] == 's' {
				w = nil
			}
			if buckets[w] == nil {
				buckets[w] = &naiveBucket{float64(policy.Burst), n.now}
			}
			if buckets[w].earn(float64(policy.Rate)*(n.now-buckets[w].at).Seconds(), policy.Burst, n.now); !buckets[w].spend() {
				away(naiveRejected)
				return
			}
			in(func(int) {})
		}
	case "retry-budget":
		budget := naiveBucket{left: float64(policy.Burst)}
		n.repeats[policy.At] = func(number, answer int) (time.Duration, bool) {
			if number == 1 {
				budget.earn(float64(policy.Ratio), policy.Burst, n.now)
			}
			pause := min(policy.Longest, policy.Pause<<(number-1))
			return pause, answer != naivePassed && number < policy.Attempts && budget.spend()
		}
		guard = func(a *naiveAttempt, in func(func(int)), away func(int)) {
			if a.number == 1 {
				budget.earn(float64(policy.Ratio), policy.Burst, n.now)
			} else if !budget.spend() {
				away(naiveRejected)
				return
			}
			in(func(int) {})
		}
		if strings.HasPrefix(policy.At, "call:") {
			return
		}
	case "circuit-breaker":
		guard = n.breaker(policy)
	default:
		panic("the naive simulator does not know " + policy.Policy)
	}
	n.guards[policy.At] = append(n.guards[policy.At], guard)
}

type naiveBucket struct {
	left float64
	at   time.Duration
}

func (b *naiveBucket) earn(more float64, most int, now time.Duration) {
	b.left, b.at = min(float64(most), b.left+more), now
}

func (b *naiveBucket) spend() bool {
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

func (n *naive) limit(policy scenarios.Policy) naiveGuard {
	gate := &naivePlace{}
	gate.Servers, gate.Queue, gate.Deadline = policy.Limit, &policy.Queue, policy.Deadline
	if policy.Policy == "priority-shed" {
		gate.Discipline = "shed"
	}
	if policy.Policy == "codel" {
		gate.codel = policy
	}
	return func(a *naiveAttempt, in func(func(int)), away func(int)) {
		class := 0
		if policy.At == "entry" && a.way[a.place] <= n.step(n.s.Arrivals.Step) || policy.At != "entry" && a.number == 1 {
			class = 1
		}
		n.enter(gate, &naiveVisit{who: a, class: class, end: away, begin: func(bool) {
			in(func(int) { n.release(gate) })
		}})
	}
}

func (n *naive) breaker(policy scenarios.Policy) naiveGuard {
	var latest []bool // whether they failed
	var until time.Duration
	open, probes, good := false, 0, 0
	return func(_ *naiveAttempt, in func(func(int)), away func(int)) {
		probe := open
		if open && (n.now < until || probes == policy.Probes) {
			away(naiveRejected)
			return
		} else if open {
			probes++
		}
		in(func(answer int) {
			failed := answer != naivePassed
			if latest = append(latest, failed); len(latest) > policy.Calls {
				latest = latest[1:]
			}
			bad := 0
			for _, failed := range latest {
				if failed {
					bad++
				}
			}
			switch {
			case probe && open && failed, !open && len(latest) == policy.Calls && float64(bad) >= float64(policy.Share)*float64(policy.Calls):
				open, until, probes, good = true, n.now+policy.Cooldown, 0, 0
			case probe && open:
				if good++; good == policy.Probes {
					open, latest = false, nil
				}
			}
		})
	}
}
