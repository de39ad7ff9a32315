package setup_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// Counts are shown at the scale of the event; only what happened is compared with what was published.
func TestHoldOutsAtTheScaleOfTheEvent(t *testing.T) {
	scenario := load(t, "furlough-2020")
	r := report.Report{Series: report.Series{TS: []int64{0}, ScenarioS: []float64{0}, Steps: []report.StepSeries{{
		Step: "claim", Requests: []int64{1}, Entered: []int64{1}, Passed: []int64{99_600}, Declined: []int64{0}, Rejected: []int64{0}, Failed: []int64{0}, TimedOut: []int64{0}, Abandoned: []int64{0},
	}}}}
	for _, test := range []struct {
		why     string
		options setup.Options
		want    float64 // 0 means not compared
		reason  string
	}{
		{"a tenth of the people at a tenth of the system", setup.Options{Scale: 0.1, ScaleSystem: 0.1}, 996_000, ""},
		{"a tenth of the people at the whole system", setup.Options{Scale: 0.1}, 0, "scaled"},
		{"a part of the day", setup.Options{To: 1e9}, 0, "only a part"},
		{"a constant rate", setup.Options{Rate: 1, For: 1e9}, 0, "other people"},
	} {
		model, err := setup.NewModel(scenario, test.options)
		if err != nil {
			t.Fatal(err)
		}
		rows := model.Published(r)
		if len(rows) != 1 {
			t.Fatalf("%s: %d rows", test.why, len(rows))
		}
		if row := rows[0]; (row.Predicted != nil) != (test.want > 0) || row.Predicted != nil && math.Abs(*row.Predicted-test.want) > 1e-6 || !strings.Contains(row.Reason, test.reason) {
			t.Errorf("%s: %+v", test.why, row)
		}
	}
	acted, err := setup.NewModel(scenario, setup.Options{Scale: 0.1, ScaleSystem: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	if acted.Actions = []funnel.Action{{Do: funnel.Remark}}; acted.Published(r)[0].Predicted == nil {
		t.Error("a note changes the event")
	}
	if acted.Actions = []funnel.Action{{Do: funnel.Hold}}; !strings.Contains(acted.Published(r)[0].Reason, "somebody acted") {
		t.Errorf("what somebody did by hand is compared: %+v", acted.Published(r))
	}
	model, err := setup.NewModel(scenario, setup.Options{Plan: "a-third"})
	if err != nil {
		t.Fatal(err)
	}
	if rows := model.Published(r); rows != nil {
		t.Errorf("a plan that did not happen is compared: %+v", rows)
	}
}

// The people who go round in the scenario are those of the event; another number of them is not.
func TestHoldOutsOfAClosedPopulation(t *testing.T) {
	scenario, err := scenarios.Parse("round.yaml", []byte(`schema: ombak.scenario/v1
name: round
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: pay, closed: {people: 50, for: 30s}}
journey: [{name: pay, route: [{station: desk}]}]
stations: {desk: {servers: 1, service: exponential(45ms)}}
published: [{figure: pay.passed, value: "600", source: us, at: today, use: hold-out}]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := report.Report{Funnel: []report.FunnelRow{{Step: "pay", Entered: 60, Passed: 60}}}
	for people, want := range map[int]string{0: "", 7: "other people came"} {
		model, err := setup.NewModel(scenario, setup.Options{Scale: 0.1, ScaleSystem: 0.1, Closed: people})
		if err != nil {
			t.Fatal(err)
		}
		if row := model.Published(r)[0]; want == "" && (row.Predicted == nil || *row.Predicted != 600) || want != "" && !strings.Contains(row.Reason, want) {
			t.Errorf("%d people: %+v", people, row)
		}
	}
}
