package calibration

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// light is a process whose requests cost little beside what they share.
const light = `
stations:
  api: {servers: 4, service: 1ms$SHARED}
journey:
  visit: {route: [{station: api, work: 1ms}]}
  register: {route: [{station: api, work: "exponential(6ms)"}]}
  sign-in: {route: [{station: api, work: 5ms}]}
  create: {route: [{station: api, work: "exponential(2ms)"}]}
  list: {route: [{station: api, work: 3ms}]}
`

// cpuOf returns the CPU seconds per second of the process.
func cpuOf(t *testing.T, r report.Report) float64 {
	t.Helper()
	process, is := processOf(r, "api")
	if !is {
		t.Fatal("api was not watched")
	}
	return *process.CPUS / r.DurationS
}

// TestCostsThatFall: where a request truly costs less the more come, the model that is written foretells a run heavier than
// all that it saw; and constants stay where the data does not ask for more.
func TestCostsThatFall(t *testing.T) {
	const window, spared, constant = "window", "spared", "constant"
	ticks := func(every, cost float64) func(*testing.T, report.Report) report.Report { // a batch is done at each tick before which somebody came
		return func(t *testing.T, r report.Report) report.Report {
			batches := (1 - math.Exp(-loadOf(r)*every)) / every
			return dearer(r, 1+batches*cost/cpuOf(t, r))
		}
	}
	noisy := func(_ *testing.T, r report.Report) report.Report {
		return dearer(r, map[float64]float64{2: 1.02, 4: .98, 7: 1.01, 11: .98, 16: 1.02, 26: 1}[r.Played.RatePerS])
	}
	for _, test := range []struct {
		why    string
		shared string
		change func(*testing.T, report.Report) report.Report // of the made reports
		want   string
	}{
		{"batches of what comes within 30 ms", ", together: {within: 30ms, time: 8ms}", nil, window},
		{"batches at every tick of 50 ms", "", ticks(.05, .02), window},
		{"a cache of 50 ms", ", together: {within: 50ms, saved: 90%}", nil, spared},
		{"batches, and noise of 2 % in every run", ", together: {within: 30ms, time: 8ms}", noisy, window},
		{"constant costs", "", nil, constant},
		{"constant costs, and noise", "", noisy, constant},
		{"constant costs and something that is done whatever comes", "", func(t *testing.T, r report.Report) report.Report { return dearer(r, 1+.05/cpuOf(t, r)) }, constant},
	} {
		made := func(rate float64) report.Report {
			r := asMeasured(t, shop(t, strings.Replace(light, "$SHARED", test.shared, 1)), rate, 120*time.Second)
			if test.change != nil {
				return test.change(t, r)
			}
			return r
		}
		var reports []report.Report
		for _, rate := range []float64{2, 4, 7, 11, 16} {
			reports = append(reports, made(rate))
		}
		model, err := Calibrate(t.Context(), reports, Calibrating{Scenario: shop(t, ""), Watched: []string{"api"}, Servers: map[string]int{"api": 4}})
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := WriteModel(&text, model); err != nil {
			t.Fatal(err)
		}
		fitted := model.Stations[0].Together
		got := map[bool]string{true: window, false: spared}[fitted.Work != nil]
		if fitted == (FittedTogether{}) {
			got = constant
		}
		if got != test.want || strings.Contains(text.String(), "together: {") != (test.want != constant) || strings.Contains(text.String(), "so no demands fit") {
			t.Errorf("%s: fitted to %q, want %q:\n%s", test.why, got, test.want, text.String())
		}
		unseen := made(26)
		foretold := cpuOf(t, asMeasured(t, shop(t, text.String()), 26, 120*time.Second)) + model.Stations[0].Idling - .01 // which the made reports idle
		if real := cpuOf(t, unseen); math.Abs(foretold/real-1) > .05 {
			t.Errorf("%s: %.4g cores foretold at a load that was not seen, %.4g used:\n%s", test.why, foretold, real, text.String())
		}
	}
}

// TestThreeLoadsDoNotShowAFall: one of them could not be foretold from the others, so demands stay constant, and the warning
// says what to add.
func TestThreeLoadsDoNotShowAFall(t *testing.T) {
	var reports []report.Report
	for _, rate := range []float64{2, 6, 16} {
		reports = append(reports, asMeasured(t, shop(t, strings.Replace(light, "$SHARED", ", together: {within: 50ms, time: 20ms}", 1)), rate, 120*time.Second))
	}
	model, err := Calibrate(t.Context(), reports, Calibrating{Watched: []string{"api"}})
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(model.Warnings, "\n"); model.Stations[0].Together != (FittedTogether{}) || !strings.Contains(text, "requests that come together share work") || !strings.Contains(text, "give reports of four loads or more") {
		t.Errorf("%+v, %s", model.Stations[0].Together, text)
	}
}

// TestBatchedStationsHaveNoWindows: a station of the scenario that works in batches keeps them, and the model can be set in
// the scenario.
func TestBatchedStationsHaveNoWindows(t *testing.T) {
	var reports []report.Report
	for _, rate := range []float64{2, 4, 7, 11, 16} {
		reports = append(reports, asMeasured(t, shop(t, strings.Replace(light, "$SHARED", ", together: {within: 30ms, time: 8ms}", 1)), rate, 60*time.Second))
	}
	batched := shop(t, strings.Replace(light, "$SHARED", ", batch: {rows: 8, age: 1ms}", 1))
	model, err := Calibrate(t.Context(), reports, Calibrating{Scenario: batched, Watched: []string{"api"}})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := WriteModel(&text, model); err != nil {
		t.Fatal(err)
	}
	if _, err := batched.WithModel("model.yaml", text.Bytes()); err != nil || strings.Contains(text.String(), "together: {") {
		t.Errorf("%v:\n%s", err, text.String())
	}
}
