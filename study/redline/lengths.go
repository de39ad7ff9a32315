package redline

import (
	"fmt"
	"math"
	"time"

	"github.com/ombak-sim/ombak/units"
)

// Need is how many people a threshold is judged from at the least, counted where they arrive.
type Need struct {
	Source string
	People float64
}

// Lengths chooses how long each level is played: long enough for the values that thresholds need, and for many
// responses of a slow service.
type Lengths struct {
	Least, Most time.Duration
	Fixed       bool // a level is Least long, unless one before it at its rate was undecided
	Needs       []Need

	response time.Duration       // longest 95th percentile of a step at a level that was not overloaded
	tried    map[float64]float64 // by rate, the factor on its length
}

// Margins of a level's length.
const (
	manyResponses = 20  // 95th percentiles of the slowest step
	chanceMargin  = 1.2 // on the people needed, because arrivals vary
	longerAgain   = 2   // times as long, if a level was undecided
)

// At returns how long a rate is offered, and why it is longer than the least; "" if it is not.
func (l *Lengths) At(rate float64) (time.Duration, string) {
	length, why := l.needed(rate)
	if factor := l.tried[rate]; factor > 1 {
		length, why = time.Duration(factor*float64(length)), ", because the level before it at this rate was undecided"
	}
	if length > l.Most {
		length = l.Most
		if why != "" {
			why += fmt.Sprintf(", but no longer than %s (--longest)", units.Duration(l.Most))
		}
	}
	return length.Round(time.Second / 10), why
}

// Longest returns the length that no level exceeds if undecided ones are repeated so often.
func (l *Lengths) Longest(repeats int) time.Duration {
	if !l.Fixed {
		return l.Most
	}
	longest := float64(l.Least) * math.Pow(longerAgain, float64(repeats))
	return time.Duration(math.Min(longest, float64(l.Most)))
}

// needed returns the length of a first level at a rate.
func (l *Lengths) needed(rate float64) (time.Duration, string) {
	length, why := l.Least, ""
	if l.Fixed {
		return length, why
	}
	for _, need := range l.Needs {
		if needed := time.Duration(math.Min(chanceMargin*need.People/rate, 1e6) * float64(time.Second)); needed > length {
			length, why = needed, fmt.Sprintf(", because %q needs %s people", need.Source, units.Count(math.Ceil(need.People)))
		}
	}
	if slow := manyResponses * l.response; slow > length {
		length, why = slow, fmt.Sprintf(", because answers take up to %s", units.Duration(l.response))
	}
	return length, why
}

// Learn takes from a level how slow the service is, and whether its rate needs a longer one.
func (l *Lengths) Learn(level Level, step string) {
	outcome := level.outcome(step)
	if outcome == Held || outcome == Undecided {
		for _, row := range level.Report.Steps {
			if row.ResponseTimePassedS != nil && !level.Report.Awaits(row.Step) {
				l.response = max(l.response, time.Duration(row.ResponseTimePassedS.P95*float64(time.Second)))
			}
		}
	}
	if outcome == Undecided {
		if l.tried == nil {
			l.tried = map[float64]float64{}
		}
		l.tried[level.Rate] = longerAgain * max(1, l.tried[level.Rate])
	}
}
