package redline

import (
	"fmt"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Open is the result of raising the rate.
type Open struct {
	Step   string // that arrivals are scheduled at
	Levels []Level
	Limit  Limit
}

// RunOpen plays rates until the limit is known. Levels that were played before an error are kept.
func RunOpen(step string, b Bisection, play func(rate float64) (Level, error)) (Open, error) {
	open := Open{Step: step}
	var err error
	open.Limit, err = b.Run(func(rate float64) (bool, error) {
		level, err := play(rate)
		if err != nil {
			return false, err
		}
		open.Levels = append(open.Levels, level)
		return level.Held(), nil
	})
	return open, err
}

// Report returns the report of the highest rate that held, or else of the first level, with all levels and
// the limit in it. It panics if there is no level.
func (o Open) Report() report.Report {
	whole := o.Levels[0].Report
	if held, found := o.at(o.Limit.Held); found {
		whole = held.Report
	}
	whole.Levels = entries(o.Levels)
	whole.Redline = &report.Redline{HeldPerS: o.Limit.Held, BrokePerS: o.Limit.Broke, KneePerS: o.Knee(), Bottleneck: o.bottleneck()}
	return whole
}

// at returns the last level of a rate.
func (o Open) at(rate float64) (level Level, found bool) {
	for _, played := range o.Levels {
		if played.Rate == rate {
			level, found = played, true
		}
	}
	return level, found
}

// Knee returns the offered rate whose level has the most power, which is goodput divided by mean response
// time. Below it, more load costs little waiting; above it, more waiting yields little goodput (Kleinrock,
// Power and Deterministic Rules of Thumb for Probabilistic Problems in Computer Communications, ICC 1979). It
// is 0 if no level answered anybody.
func (o Open) Knee() float64 {
	knee, most := 0.0, 0.0
	for _, level := range o.Levels {
		row, found := level.Step(o.Step)
		if !found || row.ResponseTimePassedS == nil || row.ResponseTimePassedS.Mean <= 0 {
			continue
		}
		if power := row.GoodputPerS / row.ResponseTimePassedS.Mean; power > most {
			knee, most = level.Rate, power
		}
	}
	return knee
}

// bottleneck returns what was busiest at the lowest rate that broke.
func (o Open) bottleneck() string {
	if broke, found := o.at(o.Limit.Broke); found {
		return broke.Report.Bottleneck().String()
	}
	return ""
}

// Sentence states the limit and what broke first.
func (o Open) Sentence() string {
	switch {
	case o.Limit.Held == 0:
		return fmt.Sprintf("No rate held, not even %s sign-ups/s; begin lower with --from.", units.Rate(o.Limit.Broke))
	case o.Limit.Broke == 0:
		return fmt.Sprintf("%s sign-ups/s held, and nothing higher was tried; raise --most or --factor.", units.Rate(o.Limit.Held))
	}
	text := fmt.Sprintf("%s sign-ups/s held, %s did not", units.Rate(o.Limit.Held), units.Rate(o.Limit.Broke))
	if broke, found := o.at(o.Limit.Broke); found {
		text += " (" + broke.Why() + ")"
	}
	if bottleneck := o.bottleneck(); bottleneck != "" {
		text += "; busiest: " + bottleneck
	}
	text += "."
	if knee := o.Knee(); knee > 0 {
		text += fmt.Sprintf(" The knee is at %s sign-ups/s: above it, waiting grows faster than throughput.", units.Rate(knee))
	}
	return text
}
