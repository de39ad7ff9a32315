package plan

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

// recorded is what eight replications of each plan of a bundled scenario gave.
type recorded struct {
	Scenario string `json:"scenario"`
	Plans    []struct {
		Plan      string         `json:"plan"`
		Verdict   report.Verdict `json:"verdict"`
		Finished  []float64      `json:"finished"`
		Cost      []float64      `json:"cost"`
		WaitedMin []float64      `json:"waited_min"`
	} `json:"plans"`
}

func readOutcomes(t *testing.T) (all []recorded) {
	t.Helper()
	text, err := os.ReadFile("testdata/outcomes.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func (r recorded) finished() (all [][]float64) {
	for _, plan := range r.Plans {
		all = append(all, plan.Finished)
	}
	return all
}

// simulated returns the results of a number of replications of each plan.
func (r recorded) simulated(counts func(plan int) int) (results []simulation.Result) {
	for i, plan := range r.Plans {
		s := simulation.Result{Report: report.Report{Plan: plan.Plan, Verdict: plan.Verdict}, Priced: plan.Cost[0] > 0}
		for k := range counts(i) {
			s.Replications = append(s.Replications, simulation.Replication{Finished: plan.Finished[k], Cost: plan.Cost[k], WaitedMin: plan.WaitedMin[k]})
		}
		results = append(results, s)
	}
	return results
}

// TestContestOfBundledPlans: on the outcomes of bundled scenarios a contest names the same best plan as four replications
// of each, and reverses no pair that they tell apart. The reference surge, whose runs take longest, needs no more
// than half of them.
func TestContestOfBundledPlans(t *testing.T) {
	for _, r := range readOutcomes(t) {
		contest, played := decide(DecidingRule(), r.finished())
		fixed := r.simulated(func(int) int { return 4 })
		decided := r.simulated(func(plan int) int { return len(played[plan]) })
		want, got := ComparePlans(fixed), CompareDecided(decided, contest)
		t.Logf("%s: %d runs where four of each are %d, settled: %v", r.Scenario, runsOf(played), 4*len(played), contest.Settled)
		if got.Best != want.Best {
			t.Errorf("%s: %s is best, want %s: %q", r.Scenario, got.Best, want.Best, got.Why)
		}
		if r.Scenario == "prakerja-2020" && runsOf(played) > 18 {
			t.Errorf("%s: %d runs, want 18 at most", r.Scenario, runsOf(played))
		}
		for i := range fixed {
			for k := range fixed {
				before := significantSign(Paired(fixed[i].Replications, fixed[k].Replications, finished))
				now := significantSign(Paired(decided[i].Replications, decided[k].Replications, finished))
				if before*now < 0 || before > 0 && contest.out[k] && !contest.out[i] {
					t.Errorf("%s: %s and %s are reversed", r.Scenario, r.Plans[i].Plan, r.Plans[k].Plan)
				}
			}
		}
	}
}

// TestReplicationsAreThoseOfAFixedNumber: replication k of a plan is the same, whatever round it is played in and
// whichever other plans are still in the contest.
func TestReplicationsAreThoseOfAFixedNumber(t *testing.T) {
	for _, r := range readOutcomes(t) {
		if r.Scenario != "smoke" && r.Scenario != "passwords" {
			continue // they take longer
		}
		scenario, err := scenarios.Load(r.Scenario)
		if err != nil {
			t.Fatal(err)
		}
		models, _, err := setup.NewModels(scenario, setup.Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		runs := 0
		settings := simulation.Settings{Done: func() { runs++ }}
		compared, err := Decide(t.Context(), simulation.Study{Models: models, Settings: settings}, DecidingRule(), nil)
		if err != nil {
			t.Fatal(err)
		}
		contest, played := decide(DecidingRule(), r.finished())
		if runs != runsOf(played) || compared.Decision == nil || compared.Decision.Settled != contest.Settled {
			t.Errorf("%s: %d runs, want %d; %+v", r.Scenario, runs, runsOf(played), compared.Decision)
		}
		for _, plan := range compared.Plans {
			for i, other := range r.Plans {
				if other.Plan == plan.Plan && (plan.Replications != len(played[i]) || plan.Finished.Mean != estimateOf(played[i]).Mean) {
					t.Errorf("%s, plan %s: %d replications with %v people, want %v", r.Scenario, plan.Plan, plan.Replications, plan.Finished.Mean, played[i])
				}
			}
		}
	}
}
