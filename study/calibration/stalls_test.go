package calibration

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

const oneStep = `
schema: ombak.scenario/v1
name: one
opens: 2026-01-05T09:00:00+07:00
seed: 5
targets: {api: {url: "http://127.0.0.1:1"}}
arrivals: {step: visit, signups: [{for: 20s, rate: 5/s}]}
journey: [{name: visit, request: {target: api, path: /}}]
`

func one(t *testing.T, model string) *scenarios.Scenario {
	t.Helper()
	scenario, err := scenarios.Parse("one.yaml", []byte(oneStep), nil)
	if err != nil {
		t.Fatal(err)
	}
	if scenario, err = scenario.WithModel("model.yaml", []byte(model)); err != nil {
		t.Fatal(err)
	}
	return scenario
}

// tailOf simulates 700 visits a second and returns the 99th percentile of their response times.
func tailOf(t *testing.T, model string) float64 {
	t.Helper()
	run, err := setup.NewModel(one(t, model), setup.Options{Rate: 700, For: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	simulated, err := simulation.Simulate(t.Context(), run, simulation.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return simulated.Report.Steps[0].ResponseTimePassedS.P99
}

// TestStallsAreFound: a service that does a third of its work in pieces of 20 ms shows it at heavier loads only. The fit
// finds it there, and foretells the tail of a load that it has not seen; and it finds nothing where there is nothing.
func TestStallsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many loads; make statistics plays it")
	}
	for _, test := range []struct {
		why, truth string
		stalls     bool
	}{
		{"pieces", `{stations: {api: {servers: 2, service: "exponential(1400µs)", chores: {share: 30%, time: 20ms}}}, journey: {visit: {route: [{station: api}]}}}`, true},
		{"none", `{stations: {api: {servers: 2, service: "exponential(2ms)"}}, journey: {visit: {route: [{station: api}]}}}`, false},
	} {
		var reports []report.Report
		for _, rate := range []float64{100, 200, 300, 400, 600} {
			reports = append(reports, asMeasured(t, one(t, test.truth), rate, 20*time.Second))
		}
		model, err := Calibrate(t.Context(), reports, Calibrating{Scenario: one(t, "{}"), Watched: []string{"api"}})
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		if found := model.Stations[0].Chores.Share > 0; found != test.stalls {
			t.Errorf("%s: found %+v", test.why, model.Stations[0].Chores)
		}
		var text bytes.Buffer
		if err := WriteModel(&text, model); err != nil {
			t.Fatal(err)
		}
		if want, got := tailOf(t, test.truth), tailOf(t, text.String()); math.Abs(math.Log(got/want)) > .35 {
			t.Errorf("%s: the p99 is foretold as %v s, and is %v s; the model is\n%s", test.why, got, want, text.String())
		}
	}
}

// TestGeneratorOnTheMachine: what the generator takes more for each request is found, and what it uses without them does
// not count. A process that may not use all cores leaves some to the generator.
func TestGeneratorOnTheMachine(t *testing.T) {
	var reports []report.Report
	for _, rate := range []float64{100, 200, 400, 900} {
		r := asMeasured(t, one(t, `{stations: {api: {servers: 2, service: 1ms}}, journey: {visit: {route: [{station: api}]}}}`), rate, 20*time.Second)
		cpu := .1*r.DurationS + 300e-6*requestsOf(r)
		r.Generator = &report.Generator{CPUS: &cpu}
		reports = append(reports, r)
	}
	for _, test := range []struct {
		why  string
		how  Calibrating
		want float64
	}{
		{"all on one machine", Calibrating{Shared: true}, 300e-6},
		{"nothing is said of the machine", Calibrating{}, 0},
		{"the generator has a core of its own", Calibrating{Shared: true, Servers: map[string]int{"api": 1}}, 0},
	} {
		test.how.Watched = []string{"api"}
		model, err := Calibrate(t.Context(), reports, test.how)
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		if got := model.Stations[0].Beside; math.Abs(got-test.want) > 3e-6 {
			t.Errorf("%s: %v s for each request, want %v", test.why, got, test.want)
		}
	}
}

// twoSteps is a service whose cores work 10 ms on a request before they turn to the next, as the scheduler of goroutines
// does: pages are cheap, and a third of the visitors has a password hashed.
const twoSteps = `
schema: ombak.scenario/v1
name: two
opens: 2026-01-05T09:00:00+07:00
seed: 5
targets: {api: {url: "http://127.0.0.1:1"}}
arrivals: {step: visit, signups: [{for: 20s, rate: 5/s}]}
steps:
  - {name: visit, request: {target: api, path: /}}
  - {name: register, request: {target: api, method: POST, path: /}}
journeys:
  - {name: guests, share: 60%, steps: [visit]}
  - {name: joiners, share: 40%, steps: [visit, register]}
`

// TestSlicesAreFound: cheap requests that wait for slices of dear ones tell how long those are, and the fit foretells the
// tail of cheap requests at a load that it has not seen.
func TestSlicesAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many loads; make statistics plays it")
	}
	truth := `{stations: {api: {servers: 2, service: 1ms, discipline: sharing, slice: 10ms}}, journey: {visit: {route: [{station: api, work: 1ms}]}, register: {route: [{station: api, work: 100ms}]}}}`
	scenario := func(model string) *scenarios.Scenario {
		s, err := scenarios.Parse("two.yaml", []byte(twoSteps), nil)
		if err != nil {
			t.Fatal(err)
		}
		if s, err = s.WithModel("model.yaml", []byte(model)); err != nil {
			t.Fatal(err)
		}
		return s
	}
	var reports []report.Report
	for _, level := range []struct {
		rate float64
		mix  string
	}{{4, "guests=60,joiners=40"}, {8, "guests=90,joiners=10"}, {12, "guests=20,joiners=80"}, {20, "guests=60,joiners=40"}, {30, "guests=60,joiners=40"}} {
		played := &report.Played{Mix: level.mix}
		mixed, err := asMixed(scenario(truth), played)
		if err != nil {
			t.Fatal(err)
		}
		r := asMeasured(t, mixed, level.rate, 60*time.Second)
		r.Played.Mix = level.mix
		reports = append(reports, r)
	}
	model, err := Calibrate(t.Context(), reports, Calibrating{Scenario: scenario("{}"), Watched: []string{"api"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := model.Stations[0]; got.Slice != 10*time.Millisecond && got.Slice != 5*time.Millisecond && got.Slice != 20*time.Millisecond {
		t.Errorf("slices of %v, want 10 ms", got.Slice)
	}
	if slices.Contains(model.Warnings, unknownDiscipline("api")) {
		t.Error("the fit found slices, and warns that nothing shows how requests share the cores")
	}
	var text bytes.Buffer
	if err := WriteModel(&text, model); err != nil {
		t.Fatal(err)
	}
	var tails [2]float64
	for i, from := range []string{truth, text.String()} {
		run, err := setup.NewModel(scenario(from), setup.Options{Rate: 40, For: 60 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		simulated, err := simulation.Simulate(t.Context(), run, simulation.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		tails[i] = simulated.Report.Steps[0].ResponseTimePassedS.P95
	}
	if math.Abs(math.Log(tails[1]/tails[0])) > .35 {
		t.Errorf("the p95 of a visit is foretold as %v s, and is %v s; the model is\n%s", tails[1], tails[0], text.String())
	}
}

// TestLoadsThatCannotBeSimulated: reports of older versions do not hold their rate, and the scenario offers another. The
// demands are fitted nevertheless.
func TestLoadsThatCannotBeSimulated(t *testing.T) {
	truth := `{stations: {api: {servers: 2, service: 1ms}}, journey: {visit: {route: [{station: api}]}}}`
	var reports []report.Report
	for _, rate := range []float64{50, 100, 200} {
		reports = append(reports, asMeasured(t, one(t, truth), rate, 20*time.Second))
	}
	reports[2].Played = nil
	model, err := Calibrate(t.Context(), reports, Calibrating{Scenario: one(t, "{}"), Watched: []string{"api"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := model.Stations[0].PerRequest.Seconds; math.Abs(got-.001) > .0001 {
		t.Errorf("a request takes %v s, want 1 ms", got)
	}
	if !slices.ContainsFunc(model.Warnings, func(w string) bool { return strings.HasPrefix(w, "a load cannot be simulated") }) {
		t.Errorf("nothing says that a load was left out: %q", model.Warnings)
	}
}
