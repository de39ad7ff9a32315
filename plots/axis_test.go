package plots

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// A log axis has at least two labels and not too many, each of them once.
func TestLogAxesHaveLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(1e-4, 1e3).Draw(t, "low")
		high := low * rapid.Float64Range(1.5, 1e6).Draw(t, "ratio")
		seen := map[string]bool{}
		for _, tick := range (axis{log: true, write: units.ExactTime}).Ticks(low, high) {
			if tick.Label != "" && seen[tick.Label] {
				t.Fatalf("%s appears twice", tick.Label)
			}
			if tick.Label != "" {
				seen[tick.Label] = true
			}
			if tick.Value < low*(1-1e-6) || tick.Value > high*(1+1e-6) {
				t.Fatalf("%v lies outside", tick.Value)
			}
		}
		if len(seen) < 2 || len(seen) > 12 {
			t.Fatalf("from %v to %v: labels %v", low, high, seen)
		}
	})
}

// The main step is the one at which arrivals are scheduled, at any index.
func TestMainStepIsThatOfTheArrivals(t *testing.T) {
	r := report.Report{Series: report.Series{TS: []int64{0}, Steps: []report.StepSeries{{Step: "sign-up"}, {Step: "checkout"}}}}
	if step, _ := mainStep(r); step.Step != "sign-up" {
		t.Errorf("without a scheduled step: %s", step.Step)
	}
	r.Offered.ByStep = map[string]report.Scheduling{"checkout": {}}
	if step, _ := mainStep(r); step.Step != "checkout" {
		t.Errorf("it is %s", step.Step)
	}
}

func TestLongNamesLoseTheirMiddle(t *testing.T) {
	for name, want := range map[string]string{
		"sign-up":                  "sign-up",
		"exactly-twenty-four-long": "exactly-twenty-four-long",
		"confirm-the-family-card-number-of-the-household": "confirm-the-…e-household",
	} {
		if got := shortened(name, longestName); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
