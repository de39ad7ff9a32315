package calibration_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/calibration"
)

// A simulated report is held against what was published: a count within a twentieth is near, and a range is met anywhere in it.
func TestPublishedFiguresAreChecked(t *testing.T) {
	scenario, err := scenarios.Load("voter-2016")
	if err != nil {
		t.Fatal(err)
	}
	predicted := func(value, miss float64) report.Published {
		return report.Published{Figure: "submit.passed during 0s..24h", Value: "515_000..525_000", Source: "somebody", At: "then", Predicted: &value, Error: &miss}
	}
	for _, test := range []struct {
		why  string
		row  report.Published
		near bool
		err  float64
	}{
		{"within the range", predicted(520_000, 0), true, 0},
		{"a little below", predicted(500_000, -0.03), true, 500./515 - 1},
		{"far above", predicted(1_050_000, 1), false, 1},
	} {
		r := report.Report{Engine: report.Simulated, Scenario: report.Scenario{Name: scenario.Name, SHA256: scenario.SHA256()}, Published: []report.Published{test.row}}
		found, err := calibration.Validate(context.Background(), scenario, []report.Report{r}, setup.Options{}, calibration.Validating{})
		if err != nil {
			t.Fatal(err)
		}
		if p := found.Figures[0]; p.Near != test.near || math.Abs(p.Error-test.err) > 1e-12 || len(found.Wrong) > 0 == test.near {
			t.Errorf("%s: %+v, wrong: %v", test.why, p, found.Wrong)
		}
	}
	other := report.Report{Engine: report.Simulated, Scenario: report.Scenario{Name: scenario.Name, SHA256: "another"}, Published: []report.Published{predicted(1, 0)}}
	if _, err := calibration.Validate(context.Background(), scenario, []report.Report{other}, setup.Options{}, calibration.Validating{}); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("a report of another version: %v", err)
	}
}
