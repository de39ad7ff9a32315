package calibration

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/workload"
)

// The true demands behind measuredAt: CPU time of a request, time of a row and of a batch of the writer, and
// idle CPU of the process.
const (
	trueRequest = 300e-6
	trueRow     = 40e-6
	trueBatch   = 5e-3
	trueIdle    = 0.02
	trueFsync   = 4e-3 // of a batch
)

// measuredAt returns a report of ten seconds at a rate, with errors of measurement of up to 1 %. Batches grow
// with the load: their rate rises less than that of the rows.
func measuredAt(rate float64) report.Report {
	chance := workload.Seed{Value: uint64(rate)}.Stream(workload.NewPurpose("drill/calibrate-test"), 0, 0, 0)
	off := func(value float64) float64 { return value * (0.99 + 0.02*chance.Float64()) }
	const length = 10.0
	batches := 150 * rate / (rate + 200)
	cpu := off(length * (trueIdle + trueRequest*rate))
	others := length * trueRequest * rate // the generator uses as much again
	count, fsync, scv := batches*length, length*trueFsync*batches, 3.0
	return report.Report{
		Engine: report.Live, Scenario: report.Scenario{Name: "test"}, DurationS: length, Machine: &report.Machine{CPUs: 2},
		Offered:   report.Offered{Scheduled: rate * length},
		Steps:     []report.StepRow{{Step: "landing", Requests: rate * length}, {Step: "letter", Kind: funnel.Await, Requests: 1e6}, {Step: "mail", Requests: 1e6}},
		Processes: []report.Process{{Name: "backend", CPUS: &cpu}},
		Generator: &report.Generator{CPUS: &others},
		Stations: []report.StationRow{
			{Name: "call:dukcapil", Completions: 100, BusyS: 12},
			{Name: "dukcapil", Servers: 5, Completions: 100, BusyS: 10},
			{Name: "store", Servers: 1, Completions: rate * length, BusyS: off(length * (trueRow*rate + trueBatch*batches)), Batches: &count, FsyncS: &fsync, BatchSCV: &scv},
		},
	}
}

func levelsAt(rates ...float64) (reports []report.Report) {
	for _, rate := range rates {
		reports = append(reports, measuredAt(rate))
	}
	return reports
}

// TestCalibrateFindsTrueDemands: demands are within the errors of measurement, and the intervals contain the
// true values.
func TestCalibrateFindsTrueDemands(t *testing.T) {
	reports := levelsAt(400, 50, 100, 800, 200, 1600)
	model, err := Calibrate(t.Context(), reports, Calibrating{})
	if err != nil || len(model.Stations) != 2 {
		t.Fatal(err, model)
	}
	web, store := model.Stations[0], model.Stations[1]
	near := func(what string, got FittedDemand, want, tolerance float64) {
		t.Helper()
		if math.Abs(got.Seconds/want-1) > tolerance {
			t.Errorf("%s is %v s, want %v", what, got.Seconds, want)
		}
		if got.Interval == nil || got.Interval[0] > want*(1+tolerance) || got.Interval[1] < want*(1-tolerance) {
			t.Errorf("%s: the interval %v is far from %v", what, got.Interval, want)
		}
	}
	near("a request", web.PerRequest, trueRequest, 0.03)
	near("a row", store.PerRequest, trueRow, 0.25)
	near("a batch", *store.PerBatch, trueBatch, 0.05)
	if math.Abs(web.Idling/trueIdle-1) > 0.3 || math.Abs(store.Shape.SCV()/3-1) > 0.02 {
		t.Errorf("idling %v, want %v; the batches' variation %v, want 3", web.Idling, trueIdle, store.Shape.SCV())
	}
	if web.Servers != 2 || store.Servers != 1 || web.RSquared < 0.99 || len(model.Measured) != 1 || !strings.Contains(model.Measured[0], "dukcapil: 100 ms") {
		t.Errorf("model %+v", model)
	}
	shared, err := Calibrate(t.Context(), reports, Calibrating{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	near("a request with the generator's share", shared.Stations[0].PerRequest, 2*trueRequest, 0.03)
}

// TestCalibrateFindsTheCPUOfBatches: if each batch costs the service CPU, a demand per request alone would be
// far too high. The model assigns that CPU to the store's batches, and a simulation to the station web.
func TestCalibrateFindsTheCPUOfBatches(t *testing.T) {
	const perBatch = 2e-3
	reports := levelsAt(100, 200, 400, 800, 1600)
	for i := range reports {
		cpu := *reports[i].Processes[0].CPUS + perBatch**reports[i].Stations[2].Batches - trueIdle*reports[i].DurationS
		reports[i].Processes = []report.Process{{Name: "backend", CPUS: &cpu}}
	}
	model, err := Calibrate(t.Context(), reports, Calibrating{})
	if err != nil {
		t.Fatal(err)
	}
	web, store := model.Stations[0], model.Stations[1]
	if math.Abs(web.PerRequest.Seconds/trueRequest-1) > 0.05 || math.Abs(store.Also/perBatch-1) > 0.05 || web.Idling != 0 {
		t.Errorf("a request %v, want %v; a batch %v, want %v; idling %v", web.PerRequest.Seconds, trueRequest, store.Also, perBatch, web.Idling)
	}
	var text bytes.Buffer
	if err := WriteModel(&text, model); err != nil {
		t.Fatal(err)
	}
	with := busyOf(t, text.String())
	without := busyOf(t, strings.Replace(text.String(), fmt.Sprintf(", also: {station: web, time: %v}", seconds(store.Also)), "", 1))
	if more, want := with["web"]-without["web"], with["batches"]*store.Also; math.Abs(more/want-1) > 0.02 {
		t.Errorf("the batches bring web %v s of work, want %v", more, want)
	}
}

// busyOf simulates smoke with a model. It returns how long its stations were busy, and how many batches the
// store wrote.
func busyOf(t *testing.T, model string) map[string]float64 {
	t.Helper()
	busy := map[string]float64{}
	_, simulated := asIfLive(t, model, setup.Options{})
	for _, station := range simulated.Stations {
		busy[station.Name] = station.BusyS
		if station.Batches != nil {
			busy["batches"] = *station.Batches
		}
	}
	return busy
}

// TestModelIsAPartOfAScenario: the written file changes the stations of a simulation.
func TestModelIsAPartOfAScenario(t *testing.T) {
	model, err := Calibrate(t.Context(), levelsAt(50, 100, 200, 400), Calibrating{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := WriteModel(&text, model); err != nil {
		t.Fatal(err)
	}
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	changed, err := scenario.WithModel("model.yaml", text.Bytes())
	if err != nil {
		t.Fatalf("%v in\n%s", err, &text)
	}
	run, err := setup.NewModel(changed, setup.Options{Plan: "calm"})
	if err != nil {
		t.Fatal(err)
	}
	store, web := run.Config.Stations[0], run.Config.Stations[1]
	if math.Abs(store.ServiceTime.Mean()/trueBatch-1) > 0.1 || store.Batch.Rows != 512 || store.Batch.PerRow == 0 || store.Batch.Age == 0 {
		t.Errorf("store %+v", store)
	}
	if math.Abs(web.ServiceTime.Mean()/trueRequest-1) > 0.1 {
		t.Errorf("web %+v", web)
	}
	if _, err := simulation.Simulate(t.Context(), run, simulation.Settings{}); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"stations: {wbe: {servers: 1}}", "nonsense: 1", "stations: {web: {servers: -1}}", "stations: {web: {idling: -1}}", "stations: {store: {batch: {late: -1ms}}}", "stations: {store: {batch: {also: {station: wbe, time: 1ms}}}}", "stations: {store: {batch: {also: {station: store, time: 1ms}}}}", "stations: {web: {chores: {share: 1, time: 1ms}}}", "stations: {web: {chores: {share: 0.1}}}", "journey: {landing: {delay: soon}}"} {
		if _, err := scenario.WithModel("model.yaml", []byte(wrong)); err == nil || !strings.Contains(err.Error(), "model.yaml") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	asPlan := strings.Replace(string(scenario.Source()), "thresholds:", "  - name: measured\n    set:\n"+indent(text.String())+"thresholds:", 1)
	if _, err := scenarios.Parse("merged.yaml", []byte(asPlan), nil); err != nil {
		t.Errorf("below set of a plan: %v", err)
	}
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		fmt.Fprintf(&b, "      %s", line)
	}
	return b.String()
}

// TestCalibrateRefuses: what the data cannot support is refused, not guessed.
func TestCalibrateRefuses(t *testing.T) {
	simulated, empty, silent, foreign := measuredAt(100), measuredAt(100), measuredAt(100), measuredAt(100)
	simulated.Engine = report.Simulated
	empty.DurationS = 0
	silent.Processes = nil
	foreign.Scenario.Name = "other"
	busy, hot, countless := measuredAt(400), measuredAt(400), measuredAt(400)
	busy.Stations = slices.Clone(busy.Stations)
	busy.Stations[2].BusyS = 1e308
	hot.Processes = []report.Process{{Name: "backend", CPUS: new(1e308)}}
	countless.Steps = []report.StepRow{{Step: "landing", Requests: 1.7e308}, {Step: "sign-up", Requests: 1.7e308}}
	fsync, varied, idle := measuredAt(400), measuredAt(400), levelsAt(100, 200, 400)
	fsync.Stations[2].FsyncS, varied.Stations[2].BatchSCV = new(1e308), new(1e308)
	for i := range idle {
		idle[i].Stations[2].BusyS, idle[i].Stations[2].FsyncS = 1e-300, nil
	}
	other := measuredAt(100)
	other.Scenario.Seed = 2
	for _, test := range []struct {
		want    string
		reports []report.Report
	}{
		{"2 reports are too few", levelsAt(100, 200)},
		{"0 reports are too few", nil},
		{"it is simulated", append(levelsAt(100, 200), simulated)},
		{"the run took no time", append(levelsAt(100, 200), empty)},
		{"the process backend", append(levelsAt(100, 200), silent)},
		{"scenario other", append(levelsAt(100, 200), foreign)},
		{"reports 1 and 2 are the same; give each run once", levelsAt(100, 100, 200)},
		{"reports 2 and 4 are the same", levelsAt(100, 200, 400, 200)},
		{"the 3 reports are of 2 different loads", append(levelsAt(100, 200), other)},
		{"the 3 reports are of 1 different loads", levelsAt(100, 101, 102)},
		{"report 3: station store was busy for 1e+308 s, which 1 servers cannot be in a run of 10 s", append(levelsAt(100, 200), busy)},
		{"report 3: process backend used 1e+308 s of CPU, which 2 CPUs do not have in a run of 10 s", append(levelsAt(100, 200), hot)},
		{"report 3: station store waited 1e+308 s for the disk in a run of 10 s", append(levelsAt(100, 200), fsync)},
		{"report 3: the batch_scv of 1e+308 is impossible for 1000 batches of station store", append(levelsAt(100, 200), varied)},
		{"its number of requests is impossible", append(levelsAt(100, 200), countless)},
	} {
		if _, err := Calibrate(t.Context(), test.reports, Calibrating{}); !errors.Is(err, setup.ErrRefused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
	if _, err := Calibrate(t.Context(), idle, Calibrating{}); err == nil || !strings.Contains(err.Error(), "station store: its time busy does not rise") {
		t.Errorf("a store that takes no time: %v", err)
	}
	alike, err := Calibrate(t.Context(), levelsAt(100, 110, 121), Calibrating{})
	if err != nil || !strings.Contains(strings.Join(alike.Warnings, "\n"), "measure loads that differ") {
		t.Errorf("loads that are nearly alike give no warning: %q, %v", alike.Warnings, err)
	}
}

// TestWithMean: both families have the requested mean and variation.
func TestWithMean(t *testing.T) {
	for _, gamma := range []bool{true, false} {
		d, err := withMean(500e-6, 3, gamma)
		if err != nil || math.Abs(d.Mean()/500e-6-1) > 1e-3 || math.Abs(d.SCV()/3-1) > 1e-2 {
			t.Errorf("%v has mean %v and variation %v (%v), want 500 µs and 3", d, d.Mean(), d.SCV(), err)
		}
	}
}

// TestTheGreatestLoadTellsCommitsFromIdling: the prediction of the heaviest load from the lighter ones
// decides.
func TestTheGreatestLoadTellsCommitsFromIdling(t *testing.T) {
	loads := func(cpu func(requests, batches float64) float64) (levels []level) {
		for requests, batches := range map[float64]float64{100: 40, 200: 55, 300: 60, 400: 62, 800: 50} {
			levels = append(levels, level{requests: requests, cpu: cpu(requests, batches), cpus: 2, store: &storeLevel{batches: batches}})
		}
		return levels
	}
	commits := loads(func(requests, batches float64) float64 { return 100e-6*requests + 1e-3*batches })
	idle := loads(func(requests, _ float64) float64 { return 100e-6*requests + 0.05 })
	if with, without := predictionError(commits, batchesOf), predictionError(commits, atAnyLoad); with > 1e-9 || without < 1e-3 {
		t.Errorf("if commits take CPU, they miss the greatest load by %v, idling by %v", with, without)
	}
	if with, without := predictionError(idle, atAnyLoad), predictionError(idle, batchesOf); with > 1e-9 || without < 1e-3 {
		t.Errorf("if idling takes CPU, it misses the greatest load by %v, commits by %v", with, without)
	}
	if one := predictionError(commits[:1], batchesOf); !math.IsInf(one, 1) {
		t.Errorf("one load predicts itself with an error of %v", one)
	}
}
