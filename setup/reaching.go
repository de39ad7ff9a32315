package setup

import (
	"slices"

	"github.com/ombak-sim/ombak/scenarios"
)

// ShareReaching returns the share of the people scheduled at the step of the arrivals who come to a step, by the shares
// who go on. It is 1 for steps before that, and for a step that is not known.
func ShareReaching(scenario *scenarios.Scenario, step string) float64 {
	at := func(name string) int {
		return slices.IndexFunc(scenario.Journey, func(s scenarios.Step) bool { return s.Name == name })
	}
	from, to := at(scenario.Arrivals.Step), at(step)
	share := 1.
	for i := max(0, from); i < to; i++ {
		if on := scenario.Journey[i].Continue; on != nil {
			share *= float64(*on)
		}
	}
	return share
}
