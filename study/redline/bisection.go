package redline

import "math"

// Bisection raises a rate until it breaks, and then narrows down the limit by bisection.
type Bisection struct {
	From      float64 // the first rate to try, per second
	Factor    float64 // each further rate is this times the one before; above 1
	Precision float64 // narrow down until the least broken rate is within this share of the highest that held
	Most      int     // levels at the most
}

// Limit is what a [Bisection] has found. A rate of 0 means that none was found.
type Limit struct {
	Held  float64 // the highest rate that held, per second
	Broke float64 // the lowest rate that did not
}

// Run tries rates, the first one first, and stops at an error.
func (b Bisection) Run(try func(rate float64) (held bool, err error)) (Limit, error) {
	var limit Limit
	rate := b.From
	for range b.Most {
		held, err := try(rate)
		if err != nil {
			return limit, err
		}
		if held {
			limit.Held = rate
		} else {
			limit.Broke = rate
		}
		switch {
		case limit.Broke == 0:
			rate *= b.Factor
		case limit.Held == 0:
			rate /= b.Factor
		case limit.Broke <= limit.Held*(1+b.Precision):
			return limit, nil
		default:
			rate = math.Sqrt(limit.Held * limit.Broke)
		}
	}
	return limit, nil
}
