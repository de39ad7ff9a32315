//go:build statistics

package calibration

import (
	"math"
	"strings"
	"testing"
	"time"
)

// TestFitWaitsFindsTheTruth: how late batches are and how much the times of web vary come back from
// two loads, and with them nothing is left to be a delay.
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
	how.Least.Rate = 50 // not what the reports are of
	if err := model.fitWaits(t.Context(), reports, how); err == nil || !strings.Contains(err.Error(), "give the scenario as it was, and --scale, --window, or --rate") {
		t.Errorf("another load than that of the reports: %v", err)
	}
}

// TestFitWaitsFindsChores: work that comes in large pieces is told from times that vary.
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
