package redline

import "math"

// Bisection raises a rate until it breaks, and then narrows down the limit by bisection.
type Bisection struct {
	From      float64 // the first rate to try, per second
	Factor    float64 // each further rate is this times the one before; above 1
	Precision float64 // narrow down until the least broken rate is within this share of the highest that held
	Most      int     // levels at the most, repeated ones included
	Noun      string  // what is offered, in the plural, as in orders; empty means the step's name in the plural
	Repeats   int     // how often a level that decides nothing is repeated
}

// Outcome is what a level says about its rate.
type Outcome int

// The outcomes.
const (
	Held      Outcome = iota
	Broke             // a threshold broke
	Invalid           // the load was not offered as it should have been; a higher one would not be either
	Undecided         // too few values; a higher rate gives more
	Refused           // the service declined most people, so the level says nothing about load
	Crowded           // a threshold broke while programs outside the run took much of the CPU
)

// Limit is what a [Bisection] has found. A rate of 0 means that none was found.
type Limit struct {
	Held      float64 // the highest rate that held, per second
	Broke     float64 // the lowest rate that did not
	Invalid   float64 // the lowest rate whose runs were all invalid
	Undecided float64 // the highest rate that could not be decided
	Refused   float64 // the rate at which most people were declined, which ended the search
}

// ceiling returns the lowest rate beyond which nothing is looked for, or 0.
func (l Limit) ceiling() float64 {
	if l.Broke == 0 || l.Invalid > 0 && l.Invalid < l.Broke {
		return l.Invalid
	}
	return l.Broke
}

// floor returns the highest rate below which nothing is looked for, or 0.
func (l Limit) floor() float64 {
	if l.ceiling() > 0 && l.Undecided >= l.ceiling() {
		return l.Held
	}
	return max(l.Held, l.Undecided)
}

// Search tries rates, the first one first, and stops at an error or where most people are refused. A level that is
// invalid or undecided is repeated. After that, an invalid one bounds the search from above and an undecided one from
// below, and neither counts as held or broken. A crowded level is repeated once, if Repeats and Most allow it, and counts
// as broken if it breaks again.
func (b Bisection) Search(try func(rate float64) (Outcome, error)) (Limit, error) {
	var limit Limit
	rate, repeated := b.From, 0
	for level := range b.Most {
		outcome, err := try(rate)
		if err != nil {
			return limit, err
		}
		if repeated < b.again(outcome, level+1) {
			repeated++
			continue
		}
		repeated = 0
		switch outcome {
		case Held:
			limit.Held = max(limit.Held, rate)
		case Broke, Crowded:
			limit.Broke = rate
		case Invalid:
			limit.Invalid = rate
		case Undecided:
			limit.Undecided = max(limit.Undecided, rate)
		case Refused:
			limit.Refused = rate
			return limit, nil
		}
		ceiling, floor := limit.ceiling(), limit.floor()
		switch {
		case ceiling == 0:
			rate *= b.Factor
		case floor == 0:
			rate /= b.Factor
		case ceiling <= floor*(1+b.Precision):
			return limit, nil
		default:
			rate = math.Sqrt(floor * ceiling)
		}
	}
	return limit, nil
}

// again returns how often a level with an outcome may be repeated, after a number of levels.
func (b Bisection) again(outcome Outcome, played int) int {
	switch {
	case outcome == Invalid || outcome == Undecided:
		return b.Repeats
	case outcome == Crowded && played < b.Most: // the last level counts as it is
		return min(1, b.Repeats)
	}
	return 0
}
