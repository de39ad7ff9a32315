package capacity

import (
	"errors"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/workload"
)

// Overload is a span of time in which work waits.
type Overload struct {
	Begin         float64 // seconds: arrivals begin to exceed the capacity
	End           float64 // seconds: the capacity exceeds the arrivals again, for good
	Clear         float64 // seconds: the backlog is gone
	Backlog       float64 // most waiting
	BacklogAt     float64 // seconds
	LongestWait   float64 // seconds, first come first served
	LongestWaitAt float64 // seconds: arrival time of the person who waits longest
}

// Fluid returns every overload of a service whose arrivals and capacity are piecewise linear, in
// order of time, and none if the capacity always suffices. The fluid approximation leaves
// chance out, so it fits large numbers far from balance. There are no arrivals after the last segment, and the
// capacity keeps its last rate.
//
// Source: G. F. Newell, "Applications of Queueing Theory", 2nd ed., 1982, chapter 2 (deterministic
// fluid approximation): Q′(t) = λ(t) − c(t) while Q > 0; the wait of an arrival at t is
// D⁻¹(A(t)) − t.
//
// Where:
//   - λ is arrivals and c capacity, per second; Q is the backlog
//   - A and D count arrivals and departures
func Fluid(arrivals, capacity []workload.Segment) ([]Overload, error) {
	in, err := pieces("arrivals", arrivals)
	if err != nil {
		return nil, err
	}
	out, err := pieces("capacity", capacity)
	if err != nil {
		return nil, err
	}
	f := flow{level: in[len(in)-1].level + in[len(in)-1].count()}
	last := out[len(out)-1].to
	edges := edgesOf(in, out)
	for i := 1; i < len(edges); i++ {
		a0, a1 := at(in, edges[i-1], edges[i], 0)
		c0, c1 := at(out, edges[i-1], edges[i], last)
		f.pass(piece{begin: edges[i-1], end: edges[i], from: a0, to: a1}, piece{begin: edges[i-1], end: edges[i], from: c0, to: c1})
	}
	if f.backlog > 0 {
		if last == 0 {
			return nil, errors.New("the backlog never clears, since the capacity ends at 0; add a segment with some capacity")
		}
		begin := edges[len(edges)-1]
		end := begin + 2*f.backlog/last
		f.pass(piece{begin: begin, end: end}, piece{begin: begin, end: end, from: last, to: last})
	}
	f.waits(in)
	return slices.DeleteFunc(f.overloads, func(o Overload) bool { return o.Backlog <= 1e-9*f.level }), nil
}

// edgesOf returns the times at which a piece of any curve begins or ends, in order.
func edgesOf(curves ...[]piece) []float64 {
	edges := []float64{0}
	for _, curve := range curves {
		for _, p := range curve {
			edges = append(edges, p.end)
		}
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}

// flow follows the backlog through time.
type flow struct {
	level     float64 // all arrivals; the scale of negligible amounts
	gone      float64 // departures so far
	backlog   float64
	busy      bool
	overloads []Overload
	out       []piece // departures while there is a backlog
}

// pass advances time from one edge to the next. Arrivals a and capacity c are linear there.
func (f *flow) pass(a, c piece) {
	for t := a.begin; t < a.end; {
		net, slope := a.rate(t)-c.rate(t), a.slope()-c.slope()
		rest := a.end - t
		if !f.busy && (net > 0 || net == 0 && slope > 0) {
			f.busy = true
			f.overloads = append(f.overloads, Overload{Begin: t, End: t})
		}
		if !f.busy {
			step := rest
			if slope > 0 && -net/slope > 0 {
				step = min(rest, -net/slope)
			}
			f.gone += (a.rate(t) + a.rate(t+step)) / 2 * step
			t = ahead(t, step, a.end)
			continue
		}
		step, clears := rest, false
		if root := firstRoot(f.backlog, net, slope); root <= rest {
			step, clears = root, true
		}
		f.work(piece{begin: t, end: ahead(t, step, a.end), from: c.rate(t), to: c.rate(ahead(t, step, a.end)), level: f.gone}, net, slope)
		t = ahead(t, step, a.end)
		if clears || f.backlog <= 1e-13*f.level && a.rate(t) <= c.rate(t) {
			f.backlog, f.busy = 0, false
			f.overloads[len(f.overloads)-1].Clear = t
		}
	}
}

// ahead adds a step that is at least the distance to the next floating-point number, so that time always advances.
func ahead(t, step, end float64) float64 {
	return min(end, max(t+step, math.Nextafter(t, math.Inf(1))))
}

// work lets a backlog develop over the length of the departures.
func (f *flow) work(departures piece, net, slope float64) {
	overload := &f.overloads[len(f.overloads)-1]
	span := departures.end - departures.begin
	after := f.backlog + span*(net+slope*span/2)
	note := func(backlog, t float64) {
		if backlog > overload.Backlog {
			overload.Backlog, overload.BacklogAt = backlog, t
		}
	}
	if crossing := -net / slope; slope < 0 && crossing > 0 && crossing <= span {
		note(f.backlog+crossing*net/2, departures.begin+crossing)
		overload.End = departures.begin + crossing
	} else if net+slope*span > 0 {
		overload.End = departures.end
	}
	note(after, departures.end)
	f.backlog = max(0, after)
	f.gone += departures.count()
	f.out = append(f.out, departures)
}

// firstRoot returns the first s > 0 with backlog + net·s + slope·s²/2 = 0, or +Inf.
func firstRoot(backlog, net, slope float64) float64 {
	if backlog == 0 {
		switch {
		case net < 0 || net == 0 && slope < 0:
			return 0
		case slope < 0:
			return -2 * net / slope
		}
		return math.Inf(1)
	}
	discriminant := net*net - 2*slope*backlog
	if discriminant < 0 {
		return math.Inf(1)
	}
	root := math.Sqrt(discriminant)
	if slope < 0 { // the parabola opens downwards and has one positive root
		if net > 0 {
			return (net + root) / -slope
		}
		return 2 * backlog / (root - net)
	}
	if net >= 0 {
		return math.Inf(1)
	}
	return 2 * backlog / (root - net)
}

// waits finds the longest wait of each overload by walking arrivals and departures along the same
// people. Within one piece of each, squared rates are linear in the person's number, so that the
// stationary point, where both rates agree, is exact.
func (f *flow) waits(in []piece) {
	i := 0
	for _, out := range f.out {
		for from := out.level; i < len(in); {
			to := min(out.level+out.count(), in[i].level+in[i].count())
			if to > from {
				f.note(in[i], out, from)
				f.note(in[i], out, to)
				if bend := 2 * (in[i].slope() - out.slope()); bend != 0 {
					a := in[i].from*in[i].from + 2*in[i].slope()*(from-in[i].level)
					d := out.from*out.from + 2*out.slope()*(from-out.level)
					if person := from + (d-a)/bend; person > from && person < to {
						f.note(in[i], out, person)
					}
				}
				from = to
			}
			if in[i].level+in[i].count() > out.level+out.count() {
				break
			}
			i++
		}
	}
}

// note records the wait of one person in the overload of the departure.
func (f *flow) note(in, out piece, person float64) {
	arrival := in.time(person)
	wait := out.time(person) - arrival
	for k := range f.overloads {
		o := &f.overloads[k]
		if out.begin >= o.Begin && out.begin < o.Clear && wait > o.LongestWait {
			o.LongestWait, o.LongestWaitAt = wait, arrival
		}
	}
}
