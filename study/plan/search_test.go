package plan

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

func search(t *testing.T, scenario *scenarios.Scenario, options setup.Options, replications int) (Searched, []simulation.Result, int) {
	t.Helper()
	s, err := NewSearch(scenario, options, replications)
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	searched, simulations, err := s.Play(t.Context(), simulation.Settings{Done: func() { done++ }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if done > s.Runs() {
		t.Errorf("%d runs, though %d at most were announced", done, s.Runs())
	}
	return searched, simulations, done
}

// desk is an M/M/c queue, and a gate whose queue may be too short.
const desk = `
schema: ombak.scenario/v1
name: desk
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, totals: random, signups: [{for: 10m, rate: 4/s}]}
journey:
  - name: go
    timeout: 1m
    route: [{station: desk}]
stations:
  desk: {servers: 30, service: exponential(2s)}
cost: {replica_hour: 1}
plans:
  - name: gate
    policies: [{policy: bounded-fifo, at: entry, limit: 30, queue: 0}]
search:
  vary:
    - {set: policies.entry.bounded-fifo.limit, min: 5, max: 30}
    - {set: policies.entry.bounded-fifo.queue, values: [0, 100]}
thresholds:
  - {expr: go.passed >= 99% of scheduled}
  - {expr: go.response_time_passed.p99 < 10s, severity: warn}
`

// TestSearchWithoutAnAnswer: what nothing meets is said, with the bottleneck.
func TestSearchWithoutAnAnswer(t *testing.T) {
	scenario := parseScenario(t, strings.Replace(desk, "max: 30", "max: 6", 1))
	searched, simulations, _ := search(t, scenario, setup.Options{To: time.Minute}, 3)
	if searched.Found != nil || searched.Verdict() != report.Fail || len(simulations) != 1 {
		t.Fatalf("%+v", searched)
	}
	if why := searched.Candidates[0].Why; !strings.Contains(why, "go.passed >= 99% of scheduled: the mean is ") || !strings.Contains(why, "entry turned away") {
		t.Error(why)
	}
	if c := CompareSearched(searched, simulations); c.Best != "" || !strings.Contains(c.Why[0], "no plan meets") {
		t.Errorf("%+v", c)
	}
}

// TestJudgeNeedsConfidence: by hand, margins of 1, 2 and 3 s have a mean of 2 and a standard error of 0.577.
// With t(0.95; 2) = 2.92 the bound is 0.31; at 99 % (6.96) it is below 0.
func TestJudgeNeedsConfidence(t *testing.T) {
	model, err := setup.NewModel(parseScenario(t, strings.Replace(desk, "go.passed >= 99% of scheduled", "go.response_time.mean < 5s", 1)), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tried := trial{series: simulation.Series{Model: model}}
	for _, by := range []float64{1, 2, 3} {
		tried.series.Replications = append(tried.series.Replications, simulation.Replication{Margins: []simulation.Margin{{Margin: threshold.Margin{By: by, Strict: true}}}})
	}
	for _, test := range []struct {
		chance float64
		want   string
	}{{0.05, Holds}, {0.01, Unsure}} {
		if verdict, why, err := tried.judge(test.chance, 0.95); err != nil || verdict != test.want || (why == "") != (verdict == Holds) {
			t.Errorf("chance %v: %s (%s), %v", test.chance, verdict, why, err)
		}
	}
	tried.series.Replications[0].Margins[0].By = -9
	if verdict, why, _ := tried.judge(0.05, 0.95); verdict != Fails || !strings.Contains(why, "the mean is 6.3 s") {
		t.Error(verdict, why)
	}
	tried.series.Replications[0].Margins[0].Unknown = "never measured"
	if verdict, why, _ := tried.judge(0.05, 0.95); verdict != Fails || !strings.Contains(why, "never measured") {
		t.Error(verdict, why)
	}
}

func TestChancesOfAWrongAnswerAddUp(t *testing.T) {
	sum := 0.0
	for number := range finalists {
		sum += share(0.05, number+1)
	}
	if !(sum < 0.05) || share(0.05, 1) != 0.025 {
		t.Error(sum)
	}
}

// TestSearchIsRefused: a search that cannot work is refused before anything is played.
func TestSearchIsRefused(t *testing.T) {
	for _, test := range []struct{ why, text, want string }{
		{"no section", shop, "does not say what may vary"},
		{"nothing must hold", strings.Replace(desk, "99% of scheduled}", "99% of scheduled, severity: warn}", 1), "no threshold that must hold"},
	} {
		if _, err := NewSearch(parseScenario(t, test.text), setup.Options{}, 10); !errors.Is(err, setup.ErrRefused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.why, err)
		}
	}
	if _, err := NewSearch(parseScenario(t, desk), setup.Options{}, 2); !errors.Is(err, setup.ErrRefused) {
		t.Error(err)
	}
}
