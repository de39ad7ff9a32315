package threshold_test

import (
	"reflect"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
)

// A run that ends early gets no verdict, and a figure that it did not measure breaks no threshold.
func TestRunsCutShortAreInvalid(t *testing.T) {
	conditions, err := threshold.ParseAll([]funnel.Threshold{{Source: "sign-up.passed >= 90% of scheduled", Severity: funnel.Fail}, {Source: "dropped == 0", Severity: funnel.Fail}})
	if err != nil {
		t.Fatal(err)
	}
	recording := recorder.NewRecording(surge.Journey())
	rules := threshold.Rules{Conditions: conditions, Ended: "the run was interrupted"}
	assembled := rules.Judge(recorder.Assemble(recording, recorder.Facts{}), recording, nil)
	if assembled.Verdict != report.Invalid || !reflect.DeepEqual(assembled.Invalid, []string{"the run was interrupted"}) {
		t.Errorf("the verdict is %s because of %q", assembled.Verdict, assembled.Invalid)
	}
	if unknown, known := assembled.Thresholds[0], assembled.Thresholds[1]; unknown.Verdict != report.Inconclusive || known.Verdict != report.Pass {
		t.Errorf("judged %+v and %+v", unknown, known)
	}
}
