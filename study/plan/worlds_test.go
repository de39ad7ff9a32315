package plan

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/simulation"
)

// candidate is a plan of a made-up world.
type candidate struct {
	name     string
	verdict  report.Verdict
	cost     float64 // 0 has no price
	wait     float64
	finished []float64
}

func (c candidate) simulated() simulation.Result {
	s := simulation.Result{Report: report.Report{Plan: c.name, Verdict: c.verdict}, Priced: c.cost > 0, Currency: "EUR"}
	s.Report.Thresholds = []report.Judgement{{Source: "pay.p99 < 1s", Verdict: c.verdict}}
	for _, people := range c.finished {
		s.Replications = append(s.Replications, simulation.Replication{Finished: people, Cost: c.cost, WaitedMin: c.wait, Recovered: true})
	}
	return s
}

// TestBestOfTwentyWorlds: the answer of each world is known: most people, then thresholds, then cost, then waiting. Its
// reason names the figure that decided.
func TestBestOfTwentyWorlds(t *testing.T) {
	runs := func(values ...float64) []float64 { return values }
	const pass, fail, undecided = report.Pass, report.Fail, report.Inconclusive
	for _, world := range []struct {
		about, best string
		plans       []candidate
		says        string // in the reasons
	}{
		{"a gate that lets 110 through, undecided, against 2,210 of a plan that breaks a threshold", "open", []candidate{{"gate", undecided, 1, 1, runs(110, 111, 109)}, {"open", fail, 9, 9, runs(2210, 2212, 2208)}}, "110 against 2,210"},
		{"the same the other way round", "open", []candidate{{"open", fail, 9, 9, runs(2210, 2212, 2208)}, {"gate", undecided, 1, 1, runs(110, 111, 109)}}, "fewer people finish than under open"},
		{"110 that meet the thresholds against 2,210 that do not", "open", []candidate{{"gate", pass, 1, 1, runs(110, 111, 109)}, {"open", fail, 9, 9, runs(2210, 2212, 2208)}}, "does not meet pay.p99 < 1s"},
		{"most people at any price", "dear", []candidate{{"cheap", pass, 1, 1, runs(900, 901, 899)}, {"dear", pass, 99, 1, runs(1000, 1001, 999)}}, "900 against 1,000"},
		{"as many people: the one that meets the thresholds", "good", []candidate{{"bad", fail, 1, 1, runs(500, 500, 500)}, {"good", pass, 9, 1, runs(500, 500, 500)}}, "it alone meets the thresholds"},
		{"as many people: what is undecided does not meet them", "good", []candidate{{"open", undecided, 1, 1, runs(500, 500, 500)}, {"good", pass, 9, 1, runs(500, 500, 500)}}, "whether it meets pay.p99 < 1s is not decided"},
		{"undecided is no better than broken: the cheaper", "cheap", []candidate{{"undecided", undecided, 9, 1, runs(500, 500, 500)}, {"cheap", fail, 1, 1, runs(500, 500, 500)}}, "it is the cheapest"},
		{"broken is no better than undecided: the cheaper", "cheap", []candidate{{"broken", fail, 9, 1, runs(500, 500, 500)}, {"cheap", undecided, 1, 1, runs(500, 500, 500)}}, "is not decided: too little data"},
		{"as many people, all good: the cheapest", "cheap", []candidate{{"dear", pass, 9, 1, runs(500, 500, 500)}, {"cheap", pass, 1, 5, runs(500, 500, 500)}}, "it costs 8 EUR more"},
		{"as many people, the same cost: the least waiting", "quick", []candidate{{"slow", pass, 5, 9, runs(500, 500, 500)}, {"quick", pass, 5, 1, runs(500, 500, 500)}}, "8 person-minutes longer"},
		{"no prices: the least waiting", "quick", []candidate{{"slow", pass, 0, 9, runs(500, 500, 500)}, {"quick", pass, 0, 1, runs(500, 500, 500)}}, "people wait least"},
		{"a difference due to chance: the cheaper", "cheap", []candidate{{"dear", pass, 9, 1, runs(500, 520, 490)}, {"cheap", pass, 1, 1, runs(505, 495, 508)}}, "may be due to chance"},
		{"a small difference in every run: most people", "more", []candidate{{"less", pass, 1, 1, runs(500, 520, 490)}, {"more", pass, 9, 1, runs(505, 525, 495)}}, "5 fewer people finish"},
		{"all break: most people", "more", []candidate{{"less", fail, 1, 1, runs(100, 101, 99)}, {"more", fail, 9, 1, runs(200, 201, 199)}}, "no plan meets the thresholds"},
		{"all are undecided: most people, and nothing is said of all plans", "more", []candidate{{"less", undecided, 1, 1, runs(100, 101, 99)}, {"more", undecided, 9, 1, runs(200, 201, 199)}}, "is not decided: too little data"},
		{"the best breaks and another is undecided", "more", []candidate{{"less", undecided, 1, 1, runs(100, 101, 99)}, {"more", fail, 9, 1, runs(200, 201, 199)}}, "no other plan is known to meet all thresholds"},
		{"three alike, two of them good: the cheaper of these", "b", []candidate{{"a", fail, 1, 1, runs(300, 300, 300)}, {"b", pass, 2, 1, runs(300, 300, 300)}, {"c", pass, 3, 1, runs(300, 300, 300)}}, "it is the cheapest"},
		{"one run each: the figure itself decides", "b", []candidate{{"a", pass, 1, 1, runs(300)}, {"b", fail, 2, 1, runs(301)}}, "300 against 301"},
		{"one plan alone", "a", []candidate{{"a", pass, 1, 1, runs(300, 301, 302)}}, "it meets the thresholds"},
		{"nobody finishes anywhere: the cheapest", "b", []candidate{{"a", fail, 2, 1, runs(0, 0, 0)}, {"b", fail, 1, 1, runs(0, 0, 0)}}, "no plan meets the thresholds"},
	} {
		var simulations []simulation.Result
		for _, plan := range world.plans {
			simulations = append(simulations, plan.simulated())
		}
		compared := ComparePlans(simulations)
		why := strings.Join(compared.Why, "\n")
		if compared.Best != world.best || !strings.Contains(why, world.says) {
			t.Errorf("%s: %s is best, want %s; %q is looked for in\n%s", world.about, compared.Best, world.best, world.says, why)
		}
		bestPlan := compared.Plans[0]
		for _, plan := range compared.Plans {
			if plan.Plan == compared.Best {
				bestPlan = plan
			}
		}
		if bestPlan.Verdict != fail && strings.Contains(why, "no plan meets the thresholds") {
			t.Errorf("%s: it is said that no plan meets the thresholds:\n%s", world.about, why)
		}
	}
}

// TestIntervalsOfTooFewRuns: two runs have no interval worth printing, and a recovery has none that is wider than
// itself; the number of runs stands in its place.
func TestIntervalsOfTooFewRuns(t *testing.T) {
	figure := func(name string) PlanFigure {
		for _, f := range PlanFigures() {
			if f.Name == name {
				return f
			}
		}
		t.Fatal(name)
		return PlanFigure{}
	}
	for _, test := range []struct {
		why, figure string
		values      []float64
		want        string
	}{
		{"two runs", "recovery_s", []float64{60, 53000}, "7.4 h (2 runs)"},
		{"an interval wider than the recovery", "recovery_s", []float64{60, 70, 53000}, "4.9 h (3 runs)"},
		{"runs enough", "finished", []float64{100, 101, 102}, "101 ±2.48"},
		{"runs that do not differ", "finished", []float64{100, 100}, "100"},
		{"one run", "finished", []float64{100}, "100"},
	} {
		e := estimateOf(test.values)
		if cell := figure(test.figure).Cell(&e); cell != test.want {
			t.Errorf("%s: %q, want %q", test.why, cell, test.want)
		}
	}
}
