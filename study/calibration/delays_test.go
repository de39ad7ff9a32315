package calibration

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/workload"
)

// asIfLive returns the report of a simulated run of smoke with changes, in the form of a live report.
func asIfLive(t *testing.T, changes string, options setup.Options) (*scenarios.Scenario, report.Report) {
	t.Helper()
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	truth := scenario
	if changes != "" {
		if truth, err = scenario.WithModel("truth.yaml", []byte(changes)); err != nil {
			t.Fatal(err)
		}
	}
	run, err := setup.NewModel(truth, options)
	if err != nil {
		t.Fatal(err)
	}
	simulated, err := simulation.Simulate(t.Context(), run, simulation.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	r := simulated.Report
	r.Engine = report.Live
	r.Timeline = append(r.Timeline, report.Event{ForS: 8, Kind: "phase", Text: "arrivals"})
	return scenario, r
}

// TestFitDelaysFindsTheTruth: the times that exchanges took besides the stations are found, and nothing else.
func TestFitDelaysFindsTheTruth(t *testing.T) {
	scenario, live := asIfLive(t, `journey: {landing: {delay: 700us}, mail: {delay: 400us}, photo: {delay: "lognormal(median=3ms, p95=12ms)"}}`, setup.Options{})
	model := Model{Stations: []FittedStation{{Name: "web", Servers: 2, Shape: workload.ExponentialTime(100e3)}}}
	if err := model.fitDelays(t.Context(), load{scenario, []report.Report{live}, setup.Options{}}); err != nil {
		t.Fatal(err)
	}
	found := map[string]workload.Distribution{}
	for _, delay := range model.Delays {
		found[delay.Step] = delay.Beside
	}
	for _, want := range []struct {
		step   string
		median float64 // seconds
	}{{"landing", 700e-6}, {"mail", 400e-6}, {"photo", 3e-3}} {
		if got := found[want.step].Quantile(0.5).Seconds(); math.Abs(got/want.median-1) > 0.15 {
			t.Errorf("%s: %v, with a median of %v s; want %v", want.step, found[want.step], got, want.median)
		}
	}
	if tail := found["photo"].Quantile(0.95).Seconds(); math.Abs(tail/12e-3-1) > 0.3 {
		t.Errorf("photo: %v, want a 95 %% quantile of 12 ms", found["photo"])
	}
	if kind := found["mail"].Kind(); kind != workload.Constant {
		t.Errorf("mail: %v; the pause between two looks is no delay", found["mail"])
	}
	for _, step := range []string{"sign-up", "identity", "join"} {
		if found[step].Mean() > 50e-6 {
			t.Errorf("%s: %v, though nothing is beside its route", step, found[step])
		}
	}
}

// TestValidateShowsEveryRun: the values of all runs stand beside their mean, and a prediction that is too far off is not
// near because the runs are far apart.
func TestValidateShowsEveryRun(t *testing.T) {
	scenario, live := asIfLive(t, "", setup.Options{})
	scaled := func(factor float64) report.Report {
		r := live
		r.Steps = slices.Clone(live.Steps)
		times := *r.Steps[1].ResponseTimePassedS
		times.P50 *= factor
		r.Steps[1].ResponseTimePassedS = &times
		return r
	}
	of := func(runs ...report.Report) Prediction {
		t.Helper()
		v, err := Validate(t.Context(), scenario, runs, setup.Options{}, Validating{})
		if err != nil {
			t.Fatal(err)
		}
		if v.Runs != len(runs) || v.Figures[0].Figure != "plateau.throughput" || v.Figures[0].Error != 0 || v.Figures[0].Measured < 300 {
			t.Errorf("%d runs, %+v", v.Runs, v.Figures[0])
		}
		return v.Figures[slices.IndexFunc(v.Figures, func(p Prediction) bool { return p.Figure == "sign-up.p50" })]
	}
	if p := of(live); !p.Near || p.Error != 0 {
		t.Errorf("a run against itself: %+v", p)
	}
	if p := of(scaled(2), scaled(3)); p.Near || math.Abs(p.Error+0.6) > 1e-9 || math.Abs(p.Spread[1]/p.Spread[0]-1.5) > 1e-9 {
		t.Errorf("outside of the spread: %+v", p)
	}
	if p := of(scaled(0.5), scaled(4)); p.Near || p.Error > -0.5 || len(p.Values) != 2 || math.Abs(p.Values[1]/p.Values[0]-8) > 1e-9 {
		t.Errorf("inside the spread: %+v", p)
	}
	other := live
	other.Scenario.Seed++
	for want, runs := range map[string][]report.Report{"report 2 has another plan, seed or load": {live, other}, "no report": nil} {
		if _, err := Validate(t.Context(), scenario, runs, setup.Options{}, Validating{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestIdlingIsUtilization: idling of a station counts when utilization is compared.
func TestIdlingIsUtilization(t *testing.T) {
	scenario, live := asIfLive(t, "", setup.Options{})
	idle, err := scenario.WithModel("idle.yaml", []byte("stations: {web: {idling: 0.5}}"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Validate(t.Context(), idle, []report.Report{live}, setup.Options{}, Validating{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range v.Figures {
		if p.Figure == "web.utilization" && math.Abs(p.Error-0.25) > 1e-9 {
			t.Errorf("half of one of two servers is %v of them", p.Error)
		}
	}
}
