package setup_test

import (
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// TestShorthandJudgesTheStepOfArrivals: avg<1s is about the step that arrivals.step names, not about the first.
func TestShorthandJudgesTheStepOfArrivals(t *testing.T) {
	scenario, err := scenarios.Parse("shop.yaml", []byte(`
schema: ombak.scenario/v1
name: shop
opens: 2026-01-05T09:00:00+07:00
arrivals: {step: order, signups: [{for: 5s, rate: 5/s}]}
stations: {api: {service: 1ms}}
journey:
  - {name: visit, route: [{station: api}]}
  - {name: order, route: [{station: api}]}
thresholds: [{expr: avg<1s}, {expr: visit.rate < 0.1}]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	run, err := setup.NewModel(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"order", "visit"} {
		if got := run.Conditions[i].Step(); got != want {
			t.Errorf("%s is about %q, want %q", run.Conditions[i].Source, got, want)
		}
	}
}
