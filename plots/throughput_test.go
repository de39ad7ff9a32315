package plots_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
)

// As many steps as Prakerja has get a panel each, with the step's name above it and without a legend.
func TestEachOfManyStepsHasItsPanel(t *testing.T) {
	r := report.Report{Series: report.Series{TS: []int64{0, 1, 2}, ScenarioS: []float64{0, 1, 2}, Scheduled: []int64{0, 0, 0}}}
	for i := range 13 {
		nothing := []int64{0, 0, 0}
		r.Series.Steps = append(r.Series.Steps, report.StepSeries{
			Step: fmt.Sprintf("step-%d", i+1), Passed: []int64{1, int64(i + 1), 2}, Entered: nothing, Requests: nothing,
			Declined: nothing, Rejected: nothing, Failed: nothing, TimedOut: nothing, Abandoned: nothing,
		})
	}
	figure, err := plots.Drawings()["throughput"](r)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range r.Series.Steps {
		if n := strings.Count(string(figure.SVG), ">"+step.Step+"</text>"); n != 1 {
			t.Errorf("%s is named %d times", step.Step, n)
		}
	}
	if n := strings.Count(string(figure.SVG), "time since the start"); n != 3 {
		t.Errorf("the time is labelled %d times, want once at the end of each column", n)
	}
}
