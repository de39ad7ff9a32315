package drill

import (
	"strings"
	"testing"
)

// TestUncertainty: 400 people pass whatever the plan, so that nothing is regretted and the cheaper plan
// is chosen; only the number of people sways the result, in proportion.
func TestUncertainty(t *testing.T) {
	scenario := parseScenario(t, shop+`
uncertain:
  - {name: peak, set: arrivals.scale, low: 0.5, mid: 1, high: 2}
  - {name: registry, set: dependencies.registry.service, low: 1ms, mid: 2ms, high: 3ms}
`)
	unsure, err := NewUncertain(scenario, Options{}, []string{"grows", "base"})
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	result, err := unsure.Play(t.Context(), Simulating{Replications: 2, Done: func() { done++ }}, nil)
	if err != nil || done != 36 || result.Runs != 36 || result.Worlds != 9 {
		t.Fatal(err, done, result)
	}
	if result.LeastRegret != "base" {
		t.Errorf("as many people at a lower price is chosen: %+v", result)
	}
	for _, plan := range result.Plans {
		if plan.Finished != [3]float64{200, 400, 800} || plan.Regret.Mean != 0 || plan.Cost == nil {
			t.Errorf("%+v", plan)
		}
		if plan.Sways[0] != (Sway{"peak", 200, 800}) || plan.Sways[1] != (Sway{"registry", 400, 400}) {
			t.Errorf("sways of %s: %+v", plan.Plan, plan.Sways)
		}
	}
}

// TestRegret: by hand, a plan that falls short by 300 people in one world and by 0 in the others.
func TestRegret(t *testing.T) {
	scenario := parseScenario(t, shop+"uncertain: [{name: peak, set: arrivals.scale, low: 0.5, mid: 1, high: 2}]\n")
	unsure, err := NewUncertain(scenario, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var simulations []Simulation
	for _, people := range []float64{200, 150, 400, 390, 500, 800} { // base and grows at low, mid, high
		s := Simulation{Replays: []Replay{{Finished: people}, {Finished: people}}}
		s.Report.Plan = []string{"base", "grows"}[len(simulations)%2]
		simulations = append(simulations, s)
	}
	result := unsure.regrets(simulations, 2, 12)
	base, grows := result.Plans[0], result.Plans[1]
	if base.Regret.Mean != 300 || grows.Regret.Mean != 50 || result.LeastRegret != "grows" || strings.Join(base.At, "") != "peak 2" || strings.Join(grows.At, "") != "peak 0.5" {
		t.Errorf("%+v", result)
	}
}
