package calibration

import (
	"math"
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

// TestVisitsPerRequest: a look at what comes later is a visit too, and no request.
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
