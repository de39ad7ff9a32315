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
