package simulation

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
)

const board = `{"schema": "ombak.accuracy/v1",
 "services": [{"name": "shop", "knee_per_s": [90, 100, 130]}, {"name": "shop-under-node", "knee_per_s": [50]}, {"name": "none"}],
 "rows": [
  {"service": "shop", "step": "pay", "band": "to 50 %", "figure": "p99", "predicted": 1.25, "measured": 1},
  {"service": "shop", "step": "look", "band": "to 50 %", "figure": "p99", "predicted": 0.8, "measured": 1},
  {"service": "shop", "step": "pay", "band": "beyond", "figure": "p99", "predicted": 2, "measured": 1},
  {"service": "shop", "step": "pay", "band": "beyond", "figure": "people", "predicted": 3, "measured": 2},
  {"service": "shop", "step": "pay", "band": "beyond", "figure": "people", "predicted": 3, "measured": 0},
  {"service": "shop-under-node", "step": "pay", "band": "beyond", "figure": "p99", "predicted": 9, "measured": 1}
 ]}`

// Ranges are wider by the errors of the band in which a row's load lies; of a band that was not measured, by those of a
// heavier one.
func TestRangesAreWidened(t *testing.T) {
	accuracy, err := ReadAccuracy([]byte(board), "models/shop.yaml")
	if err != nil || accuracy.Service != "shop" {
		t.Fatalf("%+v, %v", accuracy, err)
	}
	ranges := func() report.Ranges {
		return report.Ranges{Low: []float64{6, 6, 6, 6}, Mid: []float64{8, 8, 8, 8}, High: []float64{12, 12, 12, 12}}
	}
	load := report.Ranges{Low: []float64{9, 59, 89, 109}, Mid: []float64{10, 60, 90, 110}, High: []float64{11, 61, 91, 111}}
	p := report.Prediction{Streak: 3, Figures: map[string]report.Ranges{
		"step/pay/entered": load, "step/pay/p99": ranges(), "step/pay/passed": ranges(), "lost": ranges(),
	}}
	wide := accuracy.Widen(p, "pay")
	for name, want := range map[string]report.Ranges{
		"step/pay/entered": load,
		"step/pay/p99":     {Low: []float64{4.8, 3, 3, 3}, Mid: ranges().Mid, High: []float64{15, 24, 24, 24}}, // a quarter too long or too short up to half of the knee, twice as long beyond it
		"step/pay/passed":  {Low: []float64{4, 4, 4, 4}, Mid: ranges().Mid, High: []float64{18, 18, 18, 18}},
		"lost":             {Low: []float64{1, 0, 0, 0}, Mid: ranges().Mid, High: []float64{17, 42, 57, 67}}, // half of those who arrive
	} {
		if got := wide.Figures[name]; !near(got.Low, want.Low) || !near(got.High, want.High) || !near(got.Mid, want.Mid) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if !reflect.DeepEqual(p.Figures["lost"], ranges()) || wide.Streak != 3 {
		t.Error("the prediction itself has changed")
	}
}

func near(got, want []float64) bool {
	for i := range want {
		if len(got) != len(want) || got[i] < want[i]-1e-9 || got[i] > want[i]+1e-9 {
			return false
		}
	}
	return true
}

// The board must say which service it is about, and where its knee is.
func TestAccuracyOfAModel(t *testing.T) {
	for _, row := range []struct{ why, board, model, service, says string }{
		{"the longest name", board, "accuracy-shop-under-node.yaml", "shop-under-node", ""},
		{"no name fits", board, "model.yaml", "", "none of them is in the name of the model's file"},
		{"no knee", board, "none.yaml", "none", "where the knee of none is"},
		{"the only one", `{"schema": "ombak.accuracy/v1", "services": [{"name": "x", "knee_per_s": [3]}]}`, "model.yaml", "x", ""},
		{"another file", `{"schema": "ombak.report/v1"}`, "model.yaml", "", `its schema is "ombak.report/v1"`},
		{"no JSON", `accuracy`, "model.yaml", "", "invalid character"},
	} {
		accuracy, err := ReadAccuracy([]byte(row.board), row.model)
		if accuracy.Service != row.service || (err != nil) != (row.says != "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %q, %v", row.why, accuracy.Service, err)
		}
	}
}

func FuzzReadAccuracy(f *testing.F) {
	f.Add([]byte(board), "shop.yaml")
	f.Add([]byte(`{"schema": "ombak.accuracy/v1", "services": [{"name": "", "knee_per_s": [1e-300, 1e300]}], "rows": [{"band": "beyond", "figure": "p99", "predicted": 1, "measured": -1}]}`), "")
	f.Fuzz(func(t *testing.T, text []byte, model string) {
		accuracy, err := ReadAccuracy(text, model)
		if err != nil {
			return
		}
		ranges := report.Ranges{Low: []float64{1}, Mid: []float64{2}, High: []float64{3}}
		wide := accuracy.Widen(report.Prediction{Figures: map[string]report.Ranges{"step/go/entered": ranges, "step/go/p99": ranges, "step/go/passed": ranges, "lost": ranges}}, "go")
		for name, got := range wide.Figures {
			if !(got.Low[0] <= 1 && got.High[0] >= 3) {
				t.Errorf("%s is from %v to %v", name, got.Low[0], got.High[0])
			}
		}
	})
}
