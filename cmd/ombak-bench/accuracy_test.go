//go:build linux

package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/study/calibration"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

func TestBandOf(t *testing.T) {
	for share, want := range map[float64]string{
		0.1: bandLight, 0.5: bandLight, 0.51: bandMiddle, 0.85: bandMiddle, 0.86: bandHigh, 1: bandHigh, 1.01: bandBeyond,
	} {
		if got := bandOf(share); got != want {
			t.Errorf("%v of the knee is in the band %q, want %q", share, got, want)
		}
	}
}

func TestKneeOf(t *testing.T) {
	for _, test := range []struct {
		why          string
		found        []float64
		knee, spread float64
	}{
		{"the median, so that one search that went wrong does not move it", []float64{100, 400, 110}, 110, 300. / 110},
		{"two searches", []float64{100, 120}, 110, 20. / 110},
		{"one search has no spread", []float64{7}, 7, 0},
		{"none", nil, 0, 0},
	} {
		if knee, spread := kneeOf(test.found); !near(knee, test.knee) || !near(spread, test.spread) {
			t.Errorf("%s: knee %v, spread %v", test.why, knee, spread)
		}
	}
}

func TestNoiseOf(t *testing.T) {
	for _, test := range []struct {
		why, figure string
		values      []float64
		noise       float64
		known       bool
	}{
		{"2 predicts 1 wrong by all of it, 1 predicts 2 by half of it", "p50", []float64{1, 2}, 0.75, true},
		{"runs that agree have none", "p99", []float64{3, 3, 3}, 0, true},
		{"points of a utilization: .4 for .2, .3 for .4, .3 for .4", figureUtilization, []float64{.2, .4, .4}, (.2 + .1 + .1) / 3, true},
		{"one run predicts nothing", "p50", []float64{1}, 0, false},
		{"a run without anybody has no relative error", "goodput", []float64{0, 2}, 0, false},
		{"but it has a utilization", figureUtilization, []float64{0, .5}, .5, true},
	} {
		if noise, known := noiseOf(test.figure, test.values); known != test.known || known && !near(noise, test.noise) {
			t.Errorf("%s: %v, %v; want %v, %v", test.why, noise, known, test.noise, test.known)
		}
	}
}

// TestNoiseIsOfTheRuns: units and the order of runs do not change the noise.
func TestNoiseIsOfTheRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0.1, 10), 2, 8).Draw(t, "values")
		factor := rapid.Float64Range(0.01, 100).Draw(t, "factor")
		noise, known := noiseOf("p99", values)
		scaled := slices.Clone(values)
		for i := range scaled {
			scaled[i] *= factor
		}
		slices.Reverse(scaled)
		other, _ := noiseOf("p99", scaled)
		if !known || noise < 0 || math.Abs(other-noise) > 1e-9*(1+noise) {
			t.Fatalf("%v has the noise %v, and times %v it is %v", values, noise, factor, other)
		}
	})
}

func TestRowsOf(t *testing.T) {
	found := calibration.Validation{Figures: []calibration.Prediction{
		{Figure: "plateau.throughput", Predicted: 90, Measured: 100, Values: []float64{90, 110}},
		{Figure: "sign-up.passed", Predicted: 50, Measured: 50, Values: []float64{50, 50}},
		{Figure: "api.utilization", Unit: "share", Predicted: .5, Measured: .4, Values: []float64{.3, .5}},
		{Figure: "sign-up.p99", Predicted: 1, Measured: 1, Values: []float64{1}}, // only one run had enough people
	}}
	service := accuracyService{Name: "shop", Version: "v1"}
	rows := rowsOf(service, accuracyCase{"load-75", heldLoad, .75, ""}, found)
	if len(rows) != 3 {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	for i, want := range []accuracyRow{
		{"shop", "v1", "all", bandMiddle, "throughput", 90, 100, (20./90 + 20./110) / 2, 2, heldLoad},
		{"shop", "v1", "sign-up", bandMiddle, "people", 50, 50, 0, 2, heldLoad},
		{"shop", "v1", "api", bandMiddle, "utilization", .5, .4, .2, 2, heldLoad},
	} {
		if got := rows[i]; !near(got.Noise, want.Noise) {
			t.Errorf("noise %v, want %v of %+v", got.Noise, want.Noise, want)
		} else if got.Noise = want.Noise; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// TestEffectRows: the gate doubled the goodput, and one and a half times was predicted.
func TestEffectRows(t *testing.T) {
	without := calibration.Validation{Figures: []calibration.Prediction{
		{Figure: "order.goodput", Predicted: 20, Measured: 10, Values: []float64{8, 12}},
		{Figure: "order.p99", Predicted: 1, Measured: 1, Values: []float64{1, 1}},
	}}
	behind := calibration.Validation{Figures: []calibration.Prediction{
		{Figure: "order.goodput", Predicted: 30, Measured: 20, Values: []float64{16, 24}},
		{Figure: "order.p99", Predicted: 1, Measured: 1, Values: []float64{1, 1}},
		{Figure: "list.goodput", Predicted: 1, Measured: 1, Values: []float64{1, 1}}, // nobody without the gate
	}}
	rows := effectRows(accuracyService{Name: "shop"}, accuracyCase{"gate", heldGate, 1.5, ""}, without, behind)
	want := accuracyRow{"shop", "", "order", bandBeyond, figureEffect, 1.5, 2, 0, 2, heldGate}
	if len(rows) != 1 || rows[0] != want {
		t.Errorf("%+v, want %+v", rows, want)
	}
}

func TestConditionOf(t *testing.T) {
	run := func(share, others, lag float64) report.Report {
		return report.Report{
			Machine:   &report.Machine{Usage: &report.Usage{CPUShare: share, OthersCores: others}},
			Generator: &report.Generator{ScheduleLagS: &report.LagQuantiles{P99: lag}},
		}
	}
	if got := conditionOf("mix", []report.Report{run(.5, .2, .001), run(.7, 0, .003)}); got.Case != "mix" || !near(got.CPUShare, .6) || !near(got.OthersCores, .1) || !near(got.LagP99S, .002) {
		t.Errorf("%+v", got)
	}
	if got := conditionOf("mix", []report.Report{{}}); got != (accuracyCondition{Case: "mix"}) {
		t.Errorf("a machine that was not read: %+v", got)
	}
}

// TestBoardJoins: services measured apart stand in one file, and one measured again replaces what was there.
func TestBoardJoins(t *testing.T) {
	file := filepath.Join(t.TempDir(), boardFile)
	board, err := readBoard(file)
	if err != nil {
		t.Fatal(err)
	}
	row := func(service string, measured float64) accuracyRow {
		return accuracyRow{Service: service, Figure: "p50", Step: "go", Band: bandLight, HeldOut: heldLoad, Predicted: 1, Measured: measured}
	}
	board.put(accuracyService{Name: "a", Version: "1"}, []accuracyRow{row("a", 1)})
	board.put(accuracyService{Name: "b", Skipped: "it is not installed"}, nil)
	if err := board.write(file); err != nil {
		t.Fatal(err)
	}
	if board, err = readBoard(file); err != nil {
		t.Fatal(err)
	}
	board.put(accuracyService{Name: "b", Version: "1"}, []accuracyRow{row("b", 2)})
	board.put(accuracyService{Name: "a", Version: "2"}, []accuracyRow{row("a", 3)})
	board.put(accuracyService{Name: "a", Skipped: "it is not installed any more"}, nil)
	if len(board.Services) != 2 || board.Services[0].Version != "2" || board.Services[1].Skipped != "" || len(board.Rows) != 2 {
		t.Errorf("%+v", board)
	}
	if rows := board.rowsOf("a"); len(rows) != 1 || rows[0].Measured != 3 {
		t.Errorf("%+v", rows)
	}
	if err := os.WriteFile(file, []byte(`{"schema":"another"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readBoard(file); err == nil || !strings.Contains(err.Error(), "-data") {
		t.Errorf("another file was taken for a board: %v", err)
	}
}

// TestAccuracyPage: a goal is compared with the mean of its own rows alone.
func TestAccuracyPage(t *testing.T) {
	row := func(heldOut, band, step, figure string, predicted, measured, noise float64) accuracyRow {
		return accuracyRow{"shop", "v1", step, band, figure, predicted, measured, noise, 6, heldOut}
	}
	board := accuracyBoard{Services: []accuracyService{
		{Name: "shop", Version: "v1", Runs: 6, ForS: 6, KneePerS: []float64{90, 100, 110}, Measured: "2026-11-30", Machine: "a machine", Warnings: []string{"a step is uncertain"}, Conditions: []accuracyCondition{{"load-45", .5, .25, .002}}},
		{Name: "other", Skipped: "it is not installed"},
	}, Rows: []accuracyRow{
		row(heldLoad, bandLight, "go", "p50", 1.05, 1, .01),
		row(heldLoad, bandMiddle, "go", "p50", .9, 1, .01), // 5 and 10 %: 7.5 % on average
		row(heldLoad, bandHigh, "go", "p50", 1.28, 1, .2),  // beyond 15 %, within 1.5 × noise
		row(heldLoad, bandMiddle, "go", "p99", 2, 1, .1),   // farthest off
		row(heldLoad, bandMiddle, "api", "utilization", .5, .4, .01),
		row(heldCore, bandLight, "go", "p50", 5, 1, 3),
		row(heldGate, bandBeyond, "go", figureEffect, 1.5, 1.6, .01),
	}}
	text := board.markdown()
	for _, want := range []string{
		accuracyBegins, accuracyEnds,
		"| shop | v1 | 90, 100, 110 | 20 % | 6 runs of 6 s each | 2026-11-30, on a machine |",
		"| other | not measured: it is not installed |",
		"| p50 | to 85 % | 8.0 % | 7.5 % | – |",
		"| p50 | 85 to 100 % | 15 %, or 1.5 × noise | 28 % | – |",
		"| p99 | to 85 % | 10 % | **100 %** | – |",
		"| utilization | to 85 % | 3.0 points | **10 points** | – |",
		"| effect of a plan on goodput | beyond | 10 % | 6.2 % | – |",
		"3 of 5 goals are reached.",
		"| load | 50 to 85 % | 10 % (1.0 %) | | 100 % (10 %) | | 10 points (1.0 points) | | | |",
		"| load-45 | 50 % | 0.25 | 2.0 ms |",
		"- a step is uncertain",
		"| shop | load | 50 to 85 % | go.p99 | 2 s | 1 s | +100 % | 10 % |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "go.p50 | 5 |") {
		t.Errorf("a figure within its noise is among the farthest off:\n%s", text)
	}
}

// TestSubjects: each scenario loads, has the plan of the gate and every mix, and every load of a case is heavier or
// otherwise unlike those of the fit.
func TestSubjects(t *testing.T) {
	for _, s := range subjects(&bench{}, "nowhere") {
		facts := s.about()
		file := filepath.Join(t.TempDir(), "scenario.yaml")
		if err := os.WriteFile(file, []byte(facts.scenario), 0o600); err != nil {
			t.Fatal(err)
		}
		scenario, err := scenarios.Load(file)
		if err != nil {
			t.Fatalf("%s: %v", facts.name, err)
		}
		if slices.Contains(facts.heldOut, heldGate) && !slices.ContainsFunc(scenario.Plans, func(p scenarios.Plan) bool { return p.Name == "gated" && len(p.Policies) > 0 }) {
			t.Errorf("%s has no plan for the gate", facts.name)
		}
		for _, text := range append(slices.Clone(facts.fitMixes), facts.heldMix) {
			mix, err := scenarios.ParseMix(text)
			if err != nil {
				t.Errorf("%s: %v", facts.name, err)
				continue
			}
			if _, err := scenario.WithMix(mix); err != nil {
				t.Errorf("%s: %v", facts.name, err)
			}
		}
		if slices.Contains(facts.fitMixes, facts.heldMix) {
			t.Errorf("%s: the fit sees the mix that is held out", facts.name)
		}
		for _, c := range casesOf(s) {
			if slices.Contains(fitLoadsOf(s), fitLoad{c.share, c.mix}) {
				t.Errorf("%s: the fit sees the load of %s", facts.name, c.name)
			}
		}
	}
}

// TestDoubt: the page itself says that figures of a short try, or of a busy machine, are not to be relied on.
func TestDoubt(t *testing.T) {
	for _, test := range []struct {
		why, want string
		service   accuracyService
	}{
		{"a full measurement", "", accuracyService{Runs: 6, Conditions: []accuracyCondition{{"load-45", .5, .1, 0}}}},
		{"the gate is not another program", "", accuracyService{Runs: 6, Conditions: []accuracyCondition{{"gate", .9, .8, 0}}}},
		{"a try", "with 2 runs of each load instead of 6", accuracyService{Runs: 2}},
		{"a busy machine", "while programs outside the run used up to 1.3 cores", accuracyService{Runs: 6, Conditions: []accuracyCondition{{"load-45", .9, .3, 0}, {"load-75", .9, 1.3, 0}}}},
		{"a service that was skipped", "", accuracyService{Skipped: "it is not installed"}},
	} {
		if got := test.service.doubt(); got != test.want {
			t.Errorf("%s: %q, want %q", test.why, got, test.want)
		}
	}
}

func TestChoose(t *testing.T) {
	all := subjects(&bench{}, "nowhere")
	if chosen, err := choose(all, []string{"postgraphile", "backend-sqlite"}); err != nil || len(chosen) != 2 || chosen[0].about().name != "backend-sqlite" {
		t.Errorf("%v, %v", chosen, err)
	}
	if chosen, err := choose(all, []string{"none"}); err != nil || len(chosen) != 0 {
		t.Errorf("%v, %v", chosen, err)
	}
	if _, err := choose(all, []string{"jsonserver"}); err == nil || !strings.Contains(err.Error(), "choose among backend-sqlite") {
		t.Errorf("an unknown service: %v", err)
	}
}

func TestOnOneCore(t *testing.T) {
	const model = "stations:\n  api: {servers: 2, service: 1ms}\n  db: {servers: 16, service: 1ms}\n"
	if got := onOneCore("stations: {api: {servers: 2, service: 1ms, beside: 26µs, chores: {share: 0.1, time: 5ms}}}"); got != "stations: {api: {servers: 1, service: 1ms, chores: {share: 0.1, time: 5ms}}}" {
		t.Error(got)
	}
	if got := onOneCore(model); got != "stations:\n  api: {servers: 1, service: 1ms}\n  db: {servers: 1, service: 1ms}\n" {
		t.Error(got)
	}
}
