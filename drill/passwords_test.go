package drill

import (
	"math"
	"testing"

	"github.com/ombak-sim/ombak/report"
)

// TestPasswordsCostCores holds the bundled scenario to the arithmetic: 80,000 passwords a minute of 23 ms
// each keep 30.7 cores busy, and two cores hash 87 a second and turn the others away.
func TestPasswordsCostCores(t *testing.T) {
	const arrivals = 30.0 // seconds
	cores := func(r report.Report) float64 {
		for _, station := range r.Stations {
			if station.Name == "passwords" {
				return station.BusyS / arrivals
			}
		}
		t.Fatal("there is no station of passwords")
		return 0
	}
	for plan, want := range map[string]struct{ cores, passed float64 }{
		"none":                         {0, 40_000},
		"password-at-signup":           {40_000 * 0.023 / arrivals, 40_000},
		"password-after-verify":        {40_000 * 0.023 / arrivals, 40_000},
		"password-at-signup-two-cores": {2.2, 3_000}, // busy for some seconds more, with those who come again
	} {
		r := simulateNamed(t, "passwords", Options{Plan: plan}, Simulating{}).Report
		if got := cores(r); math.Abs(got-want.cores) > 0.1*want.cores {
			t.Errorf("%s: %.2f cores, want %.2f", plan, got, want.cores)
		}
		if got := r.Funnel[0].Passed; math.Abs(got-want.passed) > 0.1*want.passed {
			t.Errorf("%s: %v signed up, want about %v", plan, got, want.passed)
		}
	}
}
