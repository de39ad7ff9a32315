package calibration

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/workload"
)

// alone is a model of one process with a dear step and cheap ones.
const alone = `
stations:
  api: {servers: 2, discipline: $HOW, service: 1ms}
journey:
  visit: {route: [{station: api, work: "exponential(1ms)"}]}
  register: {route: [{station: api, work: "exponential(65ms)"}]}
  sign-in: {route: [{station: api, work: "exponential(60ms)"}]}
  create: {route: [{station: api, work: "exponential(2ms)"}]}
  list: {route: [{station: api, work: "exponential(3ms)"}]}
`

// TestDisciplineIsFound: where requests truly wait in line all steps take equally longer, and where they share the cores,
// cheap ones hardly do.
func TestDisciplineIsFound(t *testing.T) {
	for _, test := range []struct {
		why, how string
		rates    []float64
		servers  int
		want     workload.Discipline
		says     string
	}{
		{"a line", "fifo", []float64{2, 6, 12}, 2, "", ""},
		{"shared cores", "sharing", []float64{2, 6, 12}, 2, workload.Sharing, ""},
		{"loads so light that nobody waits", "sharing", []float64{1, 1.5, 2}, 2, "", "nothing shows whether requests wait in line"},
		{"one server serves one after the other", "fifo", []float64{2, 4, 6}, 1, "", ""},
	} {
		real := shop(t, strings.Replace(alone, "$HOW", test.how, 1))
		var reports []report.Report
		for _, rate := range test.rates {
			reports = append(reports, asMeasured(t, real, rate, 120*time.Second))
		}
		model, err := Calibrate(t.Context(), reports, Calibrating{Scenario: shop(t, ""), Watched: []string{"api"}, Servers: map[string]int{"api": test.servers}})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(model.Warnings, "\n")
		if got := model.Stations[0].Discipline; got != test.want || strings.Contains(text, "nothing shows") != (test.says != "") || !strings.Contains(text, test.says) {
			t.Errorf("%s: %q, want %q; the warnings are %s", test.why, got, test.want, text)
		}
		if test.want != "" || test.how == "fifo" && test.servers == 2 {
			predictsOverload(t, test.why, real, model)
		}
	}
}

// predictsOverload compares how many people pass each step at twice the load that the service holds.
func predictsOverload(t *testing.T, why string, real *scenarios.Scenario, model Model) {
	t.Helper()
	var text bytes.Buffer
	if err := WriteModel(&text, model); err != nil {
		t.Fatal(err)
	}
	var passed [2][]report.FunnelRow
	for i, scenario := range []*scenarios.Scenario{real, shop(t, text.String())} {
		run, err := setup.NewModel(scenario, setup.Options{Rate: 30, For: 40 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		simulated, err := simulation.Simulate(t.Context(), run, simulation.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		passed[i] = simulated.Report.Funnel
	}
	for i, row := range passed[0] {
		if got := passed[1][i].Passed; math.Abs(got-row.Passed) > max(40, .2*row.Passed) {
			t.Errorf("%s: %v people are predicted to pass %s, and %v do; the model is\n%s", why, got, row.Step, row.Passed, text.String())
		}
	}
}

// TestDisciplineOfTheScenarioStays: what the scenario says of its station is not overruled.
func TestDisciplineOfTheScenarioStays(t *testing.T) {
	said := shop(t, strings.Replace(alone, "$HOW", "lifo", 1))
	if mayShare(said, "api") || !mayShare(said, "db") || !mayShare(nil, "api") {
		t.Error("the discipline of the scenario is overruled, or nothing may share")
	}
}
