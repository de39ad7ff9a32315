package plan

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

// TestUncertainty: 400 people pass under every plan, so there is no regret and the cheaper plan is chosen.
// Only the number of people changes the result, in proportion.
func TestUncertainty(t *testing.T) {
	scenario := parseScenario(t, shop+`
uncertain:
  - {name: peak, set: arrivals.scale, low: 0.5, mid: 1, high: 2}
  - {name: registry, set: dependencies.registry.service, low: 1ms, mid: 2ms, high: 3ms}
`)
	unsure, err := NewUncertain(scenario, setup.Options{}, []string{"grows", "base"})
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	result, err := unsure.Play(t.Context(), simulation.Settings{Replications: 2, Done: func() { done++ }}, "", nil)
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
	unsure, err := NewUncertain(scenario, setup.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var simulations []simulation.Result
	for _, people := range []float64{200, 150, 400, 390, 500, 800} { // base and grows at low, mid, high
		s := simulation.Result{Replications: []simulation.Replication{{Finished: people}, {Finished: people}}}
		s.Report.Plan = []string{"base", "grows"}[len(simulations)%2]
		simulations = append(simulations, s)
	}
	result := unsure.regrets(simulations, 2, 12)
	result.decide("base")
	if result.Tied != nil || result.Tie() != "" {
		t.Errorf("a tie of plans with other regrets: %q", result.Tied)
	}
	base, grows := result.Plans[0], result.Plans[1]
	if base.Regret.Mean != 300 || grows.Regret.Mean != 50 || result.LeastRegret != "grows" || strings.Join(base.At, "") != "peak 2" || strings.Join(grows.At, "") != "peak 0.5" {
		t.Errorf("%+v", result)
	}
}

// TestTiedRegret: if plans tie for least regret, the best plan is named, or else the cheaper one, and the tie
// is reported.
func TestTiedRegret(t *testing.T) {
	regret := func(plan string, people, cost float64) PlanRegret {
		return PlanRegret{Plan: plan, Regret: Estimate{Mean: people}, Cost: &[3]float64{cost, cost, cost}}
	}
	for _, test := range []struct {
		why, best, least, tie string
		plans                 []PlanRegret
	}{
		{"the best plan before the cheaper", "dear", "dear", "in a tie with cheap, poor", []PlanRegret{regret("cheap", 0, 1), regret("poor", 0, 2), regret("dear", 0, 9)}},
		{"the best plan before the first", "dear", "dear", "in a tie with cheap", []PlanRegret{regret("dear", 0, 9), regret("cheap", 0, 1)}},
		{"the best has more to regret: the cheaper", "best", "cheap", "in a tie with dear", []PlanRegret{regret("best", 1, 0), regret("dear", 0, 9), regret("cheap", 0, 1)}},
		{"nothing has a price: the first", "", "a", "in a tie with b", []PlanRegret{{Plan: "a"}, {Plan: "b"}}},
		{"no tie", "more", "less", "", []PlanRegret{regret("more", 2, 1), regret("less", 1, 9)}},
	} {
		u := Uncertainty{Plans: test.plans}
		if u.decide(test.best); u.LeastRegret != test.least || u.Tie() != test.tie {
			t.Errorf("%s: %s, %s; want %s, %s", test.why, u.LeastRegret, u.Tie(), test.least, test.tie)
		}
	}
}
