//go:build statistics

package simulation

import (
	"math"
	"testing"

	"github.com/ombak-sim/ombak/setup"
)

// TestSurgeReproducesThePublishedCounts: within 1 %, under both plans; as-published also as it is played
// live, fast-forwarded, where more people are on their way when the run ends.
func TestSurgeReproducesThePublishedCounts(t *testing.T) {
	for _, options := range []setup.Options{{Plan: "as-was"}, {Plan: "as-published"}, {Plan: "as-published", MaxRate: 240_000. / 60, MaxWork: 152_000. / 60}} {
		r := simulateNamed(t, "prakerja-2020", options, Settings{}).Report
		for _, row := range r.Funnel {
			if want, published := surgeCounts[row.Step]; published && math.Abs(row.Passed/want-1) > 0.01 {
				t.Errorf("%s, at most %v: %.0f passed %s, published are %.0f (%+.2f %%)", options.Plan, options.MaxRate, row.Passed, row.Step, want, 100*(row.Passed/want-1))
			}
		}
	}
}

// TestTheRegistryBoundsTheSurge: under as-was more capacity lets more people through, and the
// registry works almost without a break; a constant share would do neither.
func TestTheRegistryBoundsTheSurge(t *testing.T) {
	passed := map[float64]float64{}
	for _, factor := range []float64{0.1, 0.2} {
		r := simulateNamed(t, "prakerja-2020", setup.Options{Plan: "as-was", Scale: 0.1, ScaleSystem: factor}, Settings{}).Report
		for _, row := range r.Funnel {
			if row.Step == "identity" {
				passed[factor] = row.Passed
			}
		}
		for _, station := range r.Stations {
			if utilization := station.BusyS / station.Servers / r.DurationS; station.Name == "dukcapil" && factor == 0.1 && utilization < 0.95 {
				t.Errorf("the registry is busy %.1f %% of the time only", 100*utilization)
			}
		}
	}
	if gain := passed[0.2] / passed[0.1]; gain < 1.2 {
		t.Errorf("twice the registry lets only %.2f times as many through", gain)
	}
}
