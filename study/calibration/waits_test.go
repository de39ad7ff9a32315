package calibration

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/workload"
)

// demandsKnown plays loads of smoke with the true parameters, the lightest first. It returns a model with the
// demands of requests, but not yet their waits.
func demandsKnown(t *testing.T, truth string, rates ...workload.Rate) (Model, []report.Report, Calibrating) {
	t.Helper()
	how := Calibrating{Least: setup.Options{Rate: rates[0], For: 4 * time.Second}}
	var reports []report.Report
	for _, rate := range rates {
		smoke, live := asIfLive(t, truth, setup.Options{Rate: rate, For: how.Least.For})
		how.Scenario, reports = smoke, append(reports, live)
	}
	batch, err := workload.ParseDistribution("lognormal(median=500us, p95=1300us)")
	if err != nil {
		t.Fatal(err)
	}
	return Model{Stations: []FittedStation{
		{Name: "web", Servers: 2, PerRequest: FittedDemand{Seconds: 150e-6}, Shape: workload.ExponentialTime(150 * time.Microsecond)},
		{Name: "store", Servers: 1, PerRequest: FittedDemand{Seconds: 20e-6}, PerBatch: &FittedDemand{Seconds: 500e-6}, Shape: batch, Also: 1200e-6, Rows: true},
	}}, reports, how
}

// TestFitWaitsFindsTheTruth: the lateness of batches and the variation of web are found from two loads, and
// no delay is left.
func TestFitWaitsFindsTheTruth(t *testing.T) {
	const truth = `stations:
  web: {servers: 2, service: "lognormal(median=41.6us, p95=580us)"}
  store: {servers: 1, service: "lognormal(median=500us, p95=1300us)", batch: {per_row: 20us, late: 700us, also: {station: web, time: 1200us, rows: true}}}`
	model, reports, how := demandsKnown(t, truth, 100, 500, 300)
	if err := model.fitWaits(t.Context(), reports, how); err != nil {
		t.Fatal(err)
	}
	if late := model.Stations[1].Late; math.Abs(late/700e-6-1) > 0.2 {
		t.Errorf("batches are late by %v s, want 700 µs", late)
	}
	if scv := model.Stations[0].Shape.SCV(); scv < 6 || scv > 24 {
		t.Errorf("%v has a squared coefficient of variation of %.3g, want about 12", model.Stations[0].Shape, scv)
	}
	for _, delay := range model.Delays {
		if delay.Beside.Mean() > 1e-3 {
			t.Errorf("%s: %v, though nothing is beside its route", delay.Step, delay.Beside)
		}
	}
	how.Least.Rate = 50 // not the rate of the reports
	if err := model.fitWaits(t.Context(), reports, how); err == nil || !strings.Contains(err.Error(), "give --scale, --window, or --rate") {
		t.Errorf("another load than that of the reports: %v", err)
	}
}

// TestVisitsPerRequest: a poll counts as a visit, but not as a request.
func TestVisitsPerRequest(t *testing.T) {
	scenario, live := asIfLive(t, "", setup.Options{})
	visits, err := visitsPerRequest(t.Context(), []report.Report{live}, Calibrating{Scenario: scenario})
	if err != nil {
		t.Fatal(err)
	}
	web, _ := rowOf(live, "web")
	if want := web.Completions / requestsOf(live); visits != want || visits < 1.02 || visits > 1.5 {
		t.Errorf("%v visits a request, want %v", visits, want)
	}
	again, err := scenario.WithModel("model.yaml", []byte("stations: {store: {batch: {per_row: 20us, also: {station: web, time: 1ms, rows: true}}}, web: {chores: {share: 0.2, time: 5ms}}}"))
	if err != nil {
		t.Fatal(err)
	}
	if calibrated, err := visitsPerRequest(t.Context(), []report.Report{live}, Calibrating{Scenario: again}); err != nil || math.Abs(calibrated/visits-1) > 0.01 {
		t.Errorf("%v visits a request, %v, if batches bring work to web; want %v", calibrated, err, visits)
	}
}

// TestFitWaitsFindsChores: work in large pieces is distinguished from variable service times.
func TestFitWaitsFindsChores(t *testing.T) {
	const truth = `stations:
  web: {servers: 2, service: "lognormal(median=84.9us, p95=331us)", chores: {share: 20%, time: 30ms}}
  store: {servers: 1, service: "lognormal(median=500us, p95=1300us)", batch: {per_row: 20us, also: {station: web, time: 1200us, rows: true}}}`
	model, reports, how := demandsKnown(t, truth, 100, 400, 800)
	if err := model.fitWaits(t.Context(), reports, how); err != nil {
		t.Fatal(err)
	}
	web := model.Stations[0]
	if web.Chores.Share < 0.1 || web.Chores.Share > 0.3 || web.Chores.Time < 15*time.Millisecond || web.Chores.Time > 60*time.Millisecond {
		t.Errorf("chores %+v, want a share of about 20 %%, 30 ms each", web.Chores)
	}
	if whole := web.Shape.Mean() / (1 - float64(web.Chores.Share)); math.Abs(whole/150e-6-1) > 0.01 {
		t.Errorf("a request takes %v s with its chores, want 150 µs", whole)
	}
}
