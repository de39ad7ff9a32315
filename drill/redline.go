package drill

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// Search raises a load until it breaks, and then narrows down the limit by bisection.
type Search struct {
	From      float64 // the first rate to try, per second
	Factor    float64 // each further rate is this times the one before; above 1
	Precision float64 // narrow down until the least broken rate is within this share of the highest that held
	Most      int     // levels at the most
}

// Limit is what a [Search] has found. A rate of 0 means that none was found.
type Limit struct {
	Held  float64 // the highest rate that held, per second
	Broke float64 // the lowest rate that did not
}

// Run tries rates, the first one first, and stops at an error.
func (s Search) Run(try func(rate float64) (held bool, err error)) (Limit, error) {
	var limit Limit
	rate := s.From
	for range s.Most {
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
			rate *= s.Factor
		case limit.Held == 0:
			rate /= s.Factor
		case limit.Broke <= limit.Held*(1+s.Precision):
			return limit, nil
		default:
			rate = math.Sqrt(limit.Held * limit.Broke)
		}
	}
	return limit, nil
}

// LevelRamp is how long a level takes to reach its rate, in proportion to the time.
const LevelRamp = 3 * time.Second

// atRate replaces the arrivals by a constant rate of sign-ups for the given time, after a short
// ramp; visitors keep their proportion. Thresholds on the scenario's own busiest minute are left out.
func atRate(scenario *scenarios.Scenario, rate workload.Rate, length time.Duration) {
	signups, visitors := scenario.Arrivals.Bins()
	looks := float64(visitors.Total()) / float64(max(1, signups.Total()))
	scenario.Arrivals.AtRate(levelSegments(rate, length), levelSegments(rate*workload.Rate(looks), length))
	scenario.Thresholds = slices.DeleteFunc(scenario.Thresholds, func(threshold funnel.Threshold) bool {
		return strings.Contains(threshold.Source, "peak_passed_per_min")
	})
}

func levelSegments(rate workload.Rate, length time.Duration) []scenarios.Segment {
	nothing := workload.Rate(0)
	return []scenarios.Segment{{For: LevelRamp, From: &nothing, To: &rate}, {For: length, Rate: &rate}}
}

// Knee returns the offered rate whose level has the most power, goodput over mean response time: below
// it more load costs little waiting, above it more waiting brings little (Kleinrock, Power and
// Deterministic Rules of Thumb for Probabilistic Problems in Computer Communications, ICC 1979).
// It is 0 where no level answered anybody.
func Knee(levels []report.Report, rates []float64, step string) float64 {
	knee, most := 0.0, 0.0
	for i, level := range levels {
		for _, row := range level.Steps {
			if row.Step != step || row.ResponseTimePassedS == nil || row.ResponseTimePassedS.Mean <= 0 {
				continue
			}
			if power := row.GoodputPerS / row.ResponseTimePassedS.Mean; power > most {
				knee, most = rates[i], power
			}
		}
	}
	return knee
}

// Scalability fits the Universal Scalability Law to the levels of a closed loop.
func Scalability(levels []report.Level) (capacity.USLFit, error) {
	return capacity.FitUSL(Points(levels))
}

// Points are the levels of a closed loop in which people finished.
func Points(levels []report.Level) (points []capacity.Point) {
	for _, level := range levels {
		if level.Concurrency > 0 && level.ThroughputPerS > 0 {
			points = append(points, capacity.Point{Concurrency: level.Concurrency, Throughput: level.ThroughputPerS})
		}
	}
	return points
}
