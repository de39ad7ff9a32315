package live

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
)

// A figure that stays outside what was foretold for long enough is marked, once each time.
func TestOutsideThePrediction(t *testing.T) {
	ranges := report.Ranges{}
	for range 12 {
		ranges.Low, ranges.High = append(ranges.Low, 1), append(ranges.High, 3)
	}
	board := NewBoard(Run{})
	board.Foretell(Forecast{With: &report.Prediction{WidthS: 2, Streak: 2, Figures: map[string]report.Ranges{"step/go/passed": ranges}, Title: map[string]string{"step/go/passed": "orders"}}})
	var marked []int
	// Rows of a second; two make a row of the prediction. The means are 2, 4, 4, 4, 2, 0, 0, 2.
	for i, passed := range []uint64{2, 2, 4, 4, 3, 5, 4, 4, 2, 2, 0, 0, 0, 0, 2, 2, 2} {
		row := report.Second{Row: i + 1, AtS: float64(i + 1), ForS: 1, Steps: []report.SecondStep{{Step: "go", Passed: passed}}}
		board.Post(row)
	}
	for i, text := range board.after(1, 0, 0).rows {
		if strings.Contains(string(text.text), "orders: outside the prediction for 4 s") {
			marked = append(marked, i+1)
		}
	}
	if len(marked) != 2 || marked[0] != 7 || marked[1] != 15 {
		t.Errorf("rows %v have marks, want 7 and 15", marked)
	}
}
