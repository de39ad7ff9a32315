package report_test

import (
	"reflect"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// A run that was not carried out to its end gets no verdict, and what it did not measure broke nothing.
func TestRunsCutShortAreInvalid(t *testing.T) {
	conditions, err := report.ParseThresholds([]funnel.Threshold{{Source: "sign-up.passed >= 90% of scheduled", Severity: funnel.Fail}, {Source: "dropped == 0", Severity: funnel.Fail}})
	if err != nil {
		t.Fatal(err)
	}
	recording := report.NewRecording(journey())
	rules := report.Rules{Conditions: conditions, Ended: "the run was interrupted"}
	assembled := rules.Judge(report.Assemble(recording, report.Facts{}), recording, nil)
	if assembled.Verdict != report.Invalid || !reflect.DeepEqual(assembled.Invalid, []string{"the run was interrupted"}) {
		t.Errorf("the verdict is %s because of %q", assembled.Verdict, assembled.Invalid)
	}
	if unknown, known := assembled.Thresholds[0], assembled.Thresholds[1]; unknown.Verdict != report.Inconclusive || known.Verdict != report.Pass {
		t.Errorf("judged %+v and %+v", unknown, known)
	}
}
