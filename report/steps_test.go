package report_test

import (
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

func TestAwaitsGoesByTheKindOfTheStep(t *testing.T) {
	r := report.Report{Steps: []report.StepRow{{Step: "letter", Kind: funnel.Await}, {Step: "mail", Kind: funnel.Request}, {Step: "sms"}, {Step: "join"}}}
	for step, want := range map[string]bool{"letter": true, "mail": false, "sms": true, "join": false} {
		if got := r.Awaits(step); got != want {
			t.Errorf("%s awaits: %t, want %t", step, got, want)
		}
	}
}

func TestVisitsAreKnownOnAStraightLine(t *testing.T) {
	seven := 7.0
	r := report.Report{
		Funnel: []report.FunnelRow{{Step: "line", Entered: 5}, {Step: "loop", Entered: 5}},
		Steps:  []report.StepRow{{Step: "line"}, {Step: "loop", Visits: &seven}},
	}
	for step, want := range map[string]float64{"line": 5, "loop": 7} {
		if got, err := report.Count(r, step, "visits"); err != nil || got != want {
			t.Errorf("%s has %v visits, %v; want %v", step, got, err, want)
		}
	}
	if _, err := report.Count(r, "nowhere", "visits"); err == nil {
		t.Error("a step that does not exist has visits")
	}
}
