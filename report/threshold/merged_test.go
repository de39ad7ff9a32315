package threshold_test

import (
	"slices"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
)

// A part that states the schedule of the whole run is invalid on its own; the merged run is not. Any other
// fault of a part makes the whole invalid.
func TestMergedRunsAreJudgedAsAWhole(t *testing.T) {
	conditions, err := threshold.ParseAll([]funnel.Threshold{{Source: "sign-up.passed >= 99% of scheduled"}, {Source: "dropped == 0", Severity: funnel.Warn}})
	if err != nil {
		t.Fatal(err)
	}
	recording, facts := surge.Recorded()
	rules := threshold.Rules{Conditions: conditions}
	whole := rules.Judge(recorder.Assemble(recording, facts), recording, nil)
	half := whole
	half.Offered.Sent, half.Offered.Completed = 100, 100
	half = rules.Judge(half, recording, nil)
	if half.Verdict != report.Invalid {
		t.Fatalf("a part that states the whole is %s", half.Verdict)
	}
	parts := []report.Report{half, half}
	merged := threshold.JudgeMerged(whole, parts)
	if merged.Verdict != report.Pass || len(merged.Invalid) > 0 || len(merged.Thresholds) != 2 || merged.Thresholds[1].Severity != funnel.Warn {
		t.Errorf("%s, %q, %+v", merged.Verdict, merged.Invalid, merged.Thresholds)
	}
	parts[1].Invalid = append(slices.Clone(parts[1].Invalid), "the generator sent late")
	if merged = threshold.JudgeMerged(whole, parts); merged.Verdict != report.Invalid || !slices.Equal(merged.Invalid, []string{"part 2: the generator sent late"}) {
		t.Errorf("a part that sent late gives %s, %q", merged.Verdict, merged.Invalid)
	}
}
