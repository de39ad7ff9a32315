package workload

import (
	"sort"
	"time"
)

// Clock maps scenario time to real time since the start of a run by a piecewise-linear table.
// Arrivals, think times, fault and plan schedules follow scenario time; timeouts, patience,
// backoff and the capacity of registries are real.
type Clock struct {
	Knots []Knot `json:"knots"` // strictly increasing in both coordinates; at least two, or none for real time
}

// Knot is one point of a [Clock].
type Knot struct {
	Scenario time.Duration `json:"scenario"`
	Real     time.Duration `json:"real"`
}

// NewClock returns the clock that starts at the scenario instant from and runs at a constant
// speed: scenario seconds per real second, above 0.
func NewClock(from time.Duration, speed float64) Clock {
	const span = 1000 * time.Hour
	return Clock{Knots: []Knot{{from, 0}, {from + span, time.Duration(float64(span) / speed)}}}
}

// Cap limits how many people of the bins arrive in a real second.
type Cap struct {
	Bins Bins
	Rate Rate // above 0
}

// need returns the real time that the cap requires for a part of a bin.
func (c Cap) need(bin int, part float64) time.Duration {
	if bin >= len(c.Bins.Counts) {
		return 0
	}
	return time.Duration(float64(c.Bins.Counts[bin]) * part / float64(c.Rate) * float64(time.Second))
}

// FastForward returns the clock that plays every bin as fast as all caps allow, and never slower than real time: a bin of
// n arrivals lasts n/rate real seconds, but at most its own width. There must be at least one cap. The bins of all caps
// must have one width, and the first cap must have the most bins. After the last bin the clock goes on at the mean pace,
// so that the last people finish as the others do.
func FastForward(from time.Duration, caps ...Cap) Clock {
	bins := caps[0].Bins
	clock := Clock{Knots: []Knot{{Scenario: from}}}
	var passed time.Duration
	for i := range bins.Counts {
		end := bins.Width * time.Duration(i+1)
		start := max(end-bins.Width, from)
		if end <= start {
			continue
		}
		part := float64(end-start) / float64(bins.Width)
		need := time.Millisecond
		for _, limit := range caps {
			need = max(need, limit.need(i, part))
		}
		passed += min(need, end-start)
		clock.Knots = append(clock.Knots, Knot{Scenario: end, Real: passed})
	}
	last := clock.Knots[len(clock.Knots)-1]
	const span = 1000 * time.Hour
	after := time.Duration(span)
	if last.Real > 0 {
		after = scaled(span, last.Real, last.Scenario-from)
	}
	clock.Knots = append(clock.Knots, Knot{Scenario: last.Scenario + span, Real: last.Real + after})
	return clock
}

// WithLead returns the clock that begins the given scenario time earlier, at the pace of its first piece. Real time 0 moves
// to the new beginning. It panics if the clock has no knots.
func (c Clock) WithLead(lead time.Duration) Clock {
	first, second := c.Knots[0], c.Knots[1]
	shift := scaled(lead, second.Real-first.Real, second.Scenario-first.Scenario)
	longer := Clock{Knots: []Knot{{Scenario: first.Scenario - lead, Real: 0}}}
	for _, knot := range c.Knots {
		longer.Knots = append(longer.Knots, Knot{Scenario: knot.Scenario, Real: knot.Real + shift})
	}
	if lead <= 0 || shift <= 0 {
		return c
	}
	return longer
}

// Real returns the real time since the start of the run at a scenario instant. It is negative before the start.
func (c Clock) Real(scenario time.Duration) time.Duration {
	if len(c.Knots) < 2 {
		return scenario
	}
	i := sort.Search(len(c.Knots)-2, func(i int) bool { return c.Knots[i+1].Scenario >= scenario })
	a, b := c.Knots[i], c.Knots[i+1]
	return a.Real + scaled(scenario-a.Scenario, b.Real-a.Real, b.Scenario-a.Scenario)
}

// Scenario returns the scenario instant at a real time since the start of the run.
func (c Clock) Scenario(realTime time.Duration) time.Duration {
	if len(c.Knots) < 2 {
		return realTime
	}
	i := sort.Search(len(c.Knots)-2, func(i int) bool { return c.Knots[i+1].Real >= realTime })
	a, b := c.Knots[i], c.Knots[i+1]
	return a.Scenario + scaled(realTime-a.Real, b.Scenario-a.Scenario, b.Real-a.Real)
}

func scaled(part, numerator, denominator time.Duration) time.Duration {
	return time.Duration(float64(part) * (float64(numerator) / float64(denominator)))
}
