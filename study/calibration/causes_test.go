package calibration

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// TestCauses: each kind of wrong prediction has its likely cause, and what to do, in words.
func TestCauses(t *testing.T) {
	scenario := shop(t, truth)
	scenario.Journey[4].Route = append(scenario.Journey[4].Route, scenario.Journey[4].Route[0])
	scenario.Journey[4].Route[2].Station, scenario.Journey[4].Route[2].Call = "", "search"
	quiet := report.Report{
		Machine: &report.Machine{CPUs: 2, Usage: &report.Usage{CPUShare: .2}},
		Funnel:  []report.FunnelRow{{Step: "register", Entered: 1000, Passed: 950}},
		Steps: []report.StepRow{
			{Step: "register", ResponseTimePassedS: &report.Quantiles{Count: 5000}},
			{Step: "list", ResponseTimePassedS: &report.Quantiles{Count: 5000}},
			{Step: "visit", ResponseTimePassedS: &report.Quantiles{Count: 90}},
		},
	}
	with := func(change func(*report.Report)) []report.Report {
		r := quiet
		machine, usage := *quiet.Machine, *quiet.Machine.Usage
		machine.Usage, r.Machine = &usage, &machine
		r.Funnel = []report.FunnelRow{quiet.Funnel[0]}
		change(&r)
		return []report.Report{r}
	}
	time := func(figure string, predicted, measured float64) Prediction {
		return Prediction{Figure: figure, Unit: "s", Predicted: predicted, Measured: measured, Error: predicted/measured - 1, Allowed: .2}
	}
	near := Prediction{Figure: "api.utilization", Unit: "share", Predicted: .5, Measured: .5, Near: true}
	for _, test := range []struct {
		why      string
		p        Prediction
		runs     int
		others   []Prediction
		measured []report.Report
		want     string
	}{
		{"a generator that sends late", time("register.p95", .1, .2), 1, nil, with(func(r *report.Report) { r.Generator = &report.Generator{ScheduleLagS: &report.LagQuantiles{P99: .08}} }), "the generator sent late by 80 ms"},
		{"a machine without idle CPU", time("register.p95", .1, .2), 1, nil, with(func(r *report.Report) { r.Machine.Usage.CPUShare = .95 }), "the machine's CPU was 95"},
		{"programs beside the run", time("register.p95", .1, .2), 1, nil, with(func(r *report.Report) { r.Machine.Usage.CPUShare, r.Machine.Usage.OthersCores = .7, .6 }), "programs outside the run used 0.6 of the machine's 2 cores"},
		{"a host that takes the CPU away", time("register.p95", .1, .2), 1, nil, with(func(r *report.Report) { r.Machine.Usage.StealShare = .2 }), "host gave 20"},
		{"what slows the measurement explains no prediction that is too high", time("list.p50", .2, .1), 1, nil, with(func(r *report.Report) { r.Machine.Usage.CPUShare = .95 }), "waits for the dependency search"},
		{"runs that differ among themselves", Prediction{Figure: "register.p95", Unit: "s", Predicted: .15, Measured: .2, Spread: [2]float64{.16, .24}, Error: -.25}, 3, nil, with(func(*report.Report) {}), "the runs themselves differ by ±20 %"},
		{"a quantile of few values", time("visit.p99", .15, .2), 1, nil, with(func(*report.Report) {}), "only 90 answers were measured"},
		{"few values do not explain ten times", time("visit.p99", .02, .2), 1, nil, with(func(*report.Report) {}), "the variation of the work of visit"},
		{"people who are declined", Prediction{Figure: "register.passed", Unit: "people", Predicted: 1000, Measured: 600, Error: .6, Allowed: .05}, 1, nil, with(func(r *report.Report) { r.Funnel[0].Declined = 400 }), "400 of 1,000 people were declined at register"},
		{"people who fail", Prediction{Figure: "register.passed", Unit: "people", Predicted: 1000, Measured: 600, Error: .6, Allowed: .05}, 1, nil, with(func(r *report.Report) { r.Funnel[0].Failed = 400 }), "400 of 1,000 people failed"},
		{"a demand that is wrong", time("register.p50", .2, .1), 1, []Prediction{{Figure: "api.utilization", Unit: "share", Predicted: .8, Measured: .5, Error: .3}}, with(func(*report.Report) {}), "the demand at api is wrong in the same direction (utilization 80"},
		{"a wait that is no CPU", time("register.p50", .1, .2), 1, []Prediction{near}, with(func(*report.Report) {}), "the delay of register is wrong by 100 ms"},
		{"a wait explains no prediction that is too high", time("register.p50", .2, .1), 1, []Prediction{near}, with(func(*report.Report) {}), "the demand or the delay of register is too high by 100 ms"},
		{"the demand itself", Prediction{Figure: "api.utilization", Unit: "share", Predicted: .8, Measured: .5, Error: .3, Allowed: .05}, 1, nil, with(func(*report.Report) {}), "the demand of the steps at api is wrong"},
	} {
		v := Validation{Runs: test.runs, Figures: append(test.others, test.p)}
		if got := v.causeOf(test.p, evidence{scenario, test.measured}); !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.why, got, test.want)
		}
	}
}

// TestFindings: figures that miss for one reason are one finding, which names the worst of them.
func TestFindings(t *testing.T) {
	figure := func(name, cause string, err float64) Prediction {
		return Prediction{Figure: name, Unit: "s", Error: err, Allowed: .2, Cause: cause}
	}
	v := Validation{
		Figures: []Prediction{figure("a.p50", "noise", -.3), figure("b.p50", "a lock", .5), {Figure: "c.p50", Near: true}, figure("a.p95", "noise", -.9)},
		Wrong:   []string{"a.p50 is predicted too low", "b.p50 is predicted too high", "a.p95 is predicted too low"},
	}
	want := []string{"2 figures, a.p95 most of all (too low by 90 %): noise; they are a.p50, a.p95", "b.p50 is predicted too high"}
	if got := v.Findings(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestReportsKnowTheirLoad: validation needs no rate beside the report, divides both sides by the duration of the
// measurement, and finds the model that made the report near. An invalid run and a closed loop are refused.
func TestReportsKnowTheirLoad(t *testing.T) {
	real := shop(t, truth)
	measured := asMeasured(t, real, 6, 60*time.Second)
	measured.DurationS *= 1.5 // a live run waits for its parts to end
	v, err := Validate(t.Context(), real, []report.Report{measured}, setup.Options{}, Validating{})
	if err != nil {
		t.Fatal(err)
	}
	utilization := false
	for _, figure := range v.Figures {
		if figure.Unit != "s" && figure.Error > .02 || figure.Error < -.02 {
			t.Errorf("%+v", figure)
		}
		utilization = utilization || figure.Figure == "api.utilization"
	}
	if len(v.Wrong) > 0 || !utilization {
		t.Errorf("wrong: %q; the utilization of a process is compared: %v", v.Wrong, utilization)
	}
	other := measured
	other.Played = &report.Played{RatePerS: 6, ForS: 61.5}
	if v, err = Validate(t.Context(), real, []report.Report{other}, setup.Options{}, Validating{}); err != nil || !strings.Contains(strings.Join(v.Warnings, "\n"), "its rate of 6/s over") {
		t.Errorf("the arrivals of the file are others: %v, %q", err, v.Warnings)
	}
	invalid, closed, old := measured, measured, measured
	invalid.Verdict, invalid.Invalid = report.Invalid, []string{"it sent late"}
	closed.Played = &report.Played{Closed: 4}
	old.Played = nil
	for _, test := range []struct {
		r    report.Report
		want string
	}{
		{invalid, "is of an invalid run (it sent late); repeat the run first"},
		{closed, "closed loop"},
		{old, "of an older version"},
	} {
		if _, err := Validate(t.Context(), real, []report.Report{test.r}, setup.Options{}, Validating{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
	if _, err := Validate(t.Context(), real, []report.Report{old}, setup.Options{Rate: 6, For: 60 * time.Second}, Validating{}); err != nil {
		t.Errorf("with the rate of an older report: %v", err)
	}
}
