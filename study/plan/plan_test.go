package plan

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

// shop is a scenario small enough to check by hand: 400 people in 20 s.
const shop = `
schema: ombak.scenario/v1
name: shop
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, mode: even, signups: [{for: 20s, rate: 20/s}]}
journey:
  - name: go
    timeout: 1s
    route: [{station: service}, {call: registry}]
stations:
  service: {servers: 2, service: 10ms}
dependencies:
  registry: {kind: generic, servers: 3, service: 1ms}
cost: {currency: EUR, replica_hour: 36, server_hour: {registry: 3.6}, call: {registry: 0.5}}
plans:
  - name: base
  - name: grows
    cost: {replica_hour: 72, fixed: 7}
    schedule: [{at: 10s, set: {stations: {service: {servers: 4}}}}]
`

func parseScenario(t *testing.T, text string) *scenarios.Scenario {
	t.Helper()
	scenario, err := scenarios.Parse("test.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// TestCostOfAPlan: by hand, at a price of 36 an hour a second of a server costs a cent.
func TestCostOfAPlan(t *testing.T) {
	scenario := parseScenario(t, shop)
	runs, left, err := setup.NewModels(scenario, setup.Options{}, nil)
	if err != nil || len(left) > 0 {
		t.Fatal(err, left)
	}
	simulations, err := simulation.Study{Models: runs, Settings: simulation.Settings{Replications: 2}}.Play(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	until := runs[0].Config.Until.Seconds()
	base := 2*until*0.01 + 3*until*0.001 + 400*0.5
	grows := 7 + (2*10+4*(until-10))*0.02 + 3*until*0.001 + 400*0.5
	for i, want := range []float64{base, grows} {
		for _, replay := range simulations[i].Replications {
			if math.Abs(replay.Cost-want) > 1e-6 {
				t.Errorf("%s costs %v, want %v", runs[i].Scenario.Plan(), replay.Cost, want)
			}
			if replay.SignUps != 400 || replay.Lost != 0 || replay.Finished != 400 || replay.GaveUp != 0 || replay.RecoveryS != 0 || !replay.Recovered {
				t.Errorf("%s: %+v, want 400 people who pass and nothing else", runs[i].Scenario.Plan(), replay)
			}
			if wait := replay.WaitedMin * 60 / 400; math.Abs(wait-0.011) > 1e-4 {
				t.Errorf("%s: people wait %v s each, want 11 ms, for nobody queues", runs[i].Scenario.Plan(), wait)
			}
		}
	}
	compared := ComparePlans(simulations)
	if compared.Best != "base" || !compared.Plans[0].Pareto || compared.Plans[1].Pareto || compared.Currency != "EUR" {
		t.Errorf("as many people at a lower price is best, and dominates: %+v", compared)
	}
	if why := strings.Join(compared.Why, "\n"); !strings.Contains(why, "it costs") || !strings.Contains(why, "no part was short of capacity (service was busiest") {
		t.Errorf("why: %s", why)
	}
}

// TestChoice: people come first, then thresholds, then money. Differences due to chance do not count.
func TestChoice(t *testing.T) {
	made := func(name string, verdict report.Verdict, cost float64, finished ...float64) simulation.Result {
		s := simulation.Result{Report: report.Report{Plan: name, Verdict: verdict}, Priced: true}
		for _, people := range finished {
			s.Replications = append(s.Replications, simulation.Replication{Finished: people, Cost: cost})
		}
		return s
	}
	for _, test := range []struct {
		why, best string
		plans     []simulation.Result
	}{
		{"most people", "b", []simulation.Result{made("a", report.Pass, 1, 100, 101), made("b", report.Pass, 9, 200, 201)}},
		{"people before thresholds", "b", []simulation.Result{made("a", report.Pass, 1, 100, 101), made("b", report.Fail, 1, 200, 201)}},
		{"none holds: most people", "b", []simulation.Result{made("a", report.Fail, 1, 100, 101), made("b", report.Fail, 1, 200, 201)}},
		{"within chance: the cheapest", "a", []simulation.Result{made("a", report.Pass, 1, 100, 104), made("b", report.Pass, 9, 101, 105.5)}},
		{"the cheapest of three alike", "c", []simulation.Result{made("a", report.Pass, 3, 100, 104), made("b", report.Pass, 2, 102, 101), made("c", report.Pass, 1, 101, 103)}},
	} {
		compared := ComparePlans(test.plans)
		if compared.Best != test.best || len(compared.Why) != len(test.plans) {
			t.Errorf("%s: %s is best, want %s (%q)", test.why, compared.Best, test.best, compared.Why)
		}
		if most := !strings.Contains(test.why, "cheapest"); strings.Contains(compared.Why[0], "lets as many people finish") != most {
			t.Errorf("%s: %q", test.why, compared.Why[0])
		}
	}
}

// TestWhy: the sentences name what was decisive, and the direction of differences.
func TestWhy(t *testing.T) {
	made := func(name string, cost, wait float64, finished ...float64) simulation.Result {
		s := simulation.Result{Report: report.Report{Plan: name, Verdict: report.Pass}, Priced: cost > 0, Currency: "EUR"}
		for _, people := range finished {
			s.Replications = append(s.Replications, simulation.Replication{Finished: people, Cost: cost, WaitedMin: wait})
		}
		return s
	}
	const oneOnly = "one replication cannot show what is due to chance: play more (--replications) to see which differences are significant"
	for _, test := range []struct {
		about string
		plans []simulation.Result
		want  []string
	}{
		{
			"one replication, the same cost: waiting decides",
			[]simulation.Result{made("slow", 240, 2, 400), made("fast", 240, 0.5, 400)},
			[]string{
				"fast is best: it meets the thresholds, and no other plan lets more people finish (400); of those that do as well, none is cheaper, and people wait least under it, at 240 EUR",
				"slow: as many people finish as under fast, and people wait 1.5 person-minutes longer", oneOnly,
			},
		},
		{
			"one replication, one person more: most people, and nothing is sure",
			[]simulation.Result{made("a", 1, 1, 400), made("b", 9, 1, 401)},
			[]string{"b is best: it meets the thresholds, and no other plan lets as many people finish (401), at 9 EUR", "a: 1 fewer people finish than under b (400 against 401)", oneOnly},
		},
		{
			"without prices waiting decides",
			[]simulation.Result{made("slow", 0, 2, 400, 400), made("fast", 0, 1.999, 400, 400)},
			[]string{
				"fast is best: it meets the thresholds, and no other plan lets significantly more people finish (400); people wait least under it of those that do as well",
				"slow: as many people finish as under fast, and people wait 0.001 person-minutes longer",
			},
		},
		{
			"nothing decides",
			[]simulation.Result{made("a", 5, 1, 400, 400), made("b", 5, 1, 400, 400)},
			[]string{
				"a is best: it meets the thresholds, and no other plan lets more people finish (400); its cost and waiting are the same as under b, at 5 EUR",
				"b: as many people finish as under a, and its cost and waiting are the same",
			},
		},
		{
			"the same number of people on average, and chance in it; cost decides",
			[]simulation.Result{made("dear", 9, 1, 398, 402), made("cheap", 5, 1, 402, 398)},
			[]string{
				"cheap is best: it meets the thresholds, and no other plan lets significantly more people finish (400); it is the cheapest of those that do as well, at 5 EUR",
				"dear: on average as many people finish as under cheap, and it costs 4 EUR more",
			},
		},
		{
			"more and fewer within chance",
			[]simulation.Result{made("cheap", 1, 1, 100, 104, 102), made("more", 9, 1, 101, 104, 106), made("fewer", 9, 1, 99, 104, 101)},
			[]string{
				"cheap is best: it meets the thresholds, and no other plan lets significantly more people finish (102); it is the cheapest of those that do as well, at 1 EUR",
				"more: 1.67 ±5.17 more people finish than under cheap, which may be due to chance, and it costs 8 EUR more",
				"fewer: 0.67 ±1.43 fewer people finish than under cheap, which may be due to chance, and it costs 8 EUR more",
			},
		},
		{
			"significantly fewer than under another that is not chosen",
			[]simulation.Result{made("top", 9, 1, 110, 112, 114), made("best", 5, 1, 104, 112, 111), made("third", 1, 1, 107, 109, 111)},
			[]string{
				"best is best: it meets the thresholds, and no other plan lets significantly more people finish (109); it is the cheapest of those that do as well, at 5 EUR",
				"top: 3 ±7.45 more people finish than under best, which may be due to chance, and it costs 4 EUR more",
				"third: on average as many people finish as under best, but significantly fewer than under top",
			},
		},
	} {
		if why := ComparePlans(test.plans).Why; !slices.Equal(why, test.want) {
			t.Errorf("%s:\n%s\nwant\n%s", test.about, strings.Join(why, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// TestWarningsNameTheirPlans: a warning that only some plans have names them.
func TestWarningsNameTheirPlans(t *testing.T) {
	both := simulation.Result{Report: report.Report{Plan: "base", Warnings: []string{"of both"}}}
	more := simulation.Result{Report: report.Report{Plan: "grows", Warnings: []string{"of both", "of one"}}}
	if all := warningsOf([]simulation.Result{both, more}); !slices.Equal(all, []string{"of both", "grows: of one"}) {
		t.Errorf("%q", all)
	}
}
