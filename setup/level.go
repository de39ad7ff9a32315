package setup

import (
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// LevelRamp is how long a level takes to reach its rate. The rate rises linearly.
const LevelRamp = 3 * time.Second

// atRate replaces the arrivals by a constant rate of sign-ups for the given time, after a short ramp.
// Visitors keep their proportion. Thresholds on the scenario's busiest minute are removed.
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
