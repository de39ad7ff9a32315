package threshold_test

import (
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
)

// A margin holds exactly when the condition does, and is unknown when the condition cannot be decided.
func TestMarginSaysWhatJudgeSays(t *testing.T) {
	recording, facts := surge.Recorded()
	assembled := recorder.Assemble(recording, facts)
	for _, source := range []string{
		"sign-up.passed >= 99.9% of scheduled", "identity.passed >= 50% of entered", "identity.passed > 1000000000", "sign-up.failed <= 0",
		"sign-up.response_time.mean < 1us", "sign-up.response_time.mean < 1h", "sign-up.response_time.p99 < 1s", "sign-up.passed == 3",
		"sign-up.passed != 3", "lost == 0", "join.passed >= 1", "sign-up.goodput_per_s > 39.9",
	} {
		condition, err := threshold.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		judged := condition.Judge(assembled)
		margin, err := condition.Margin(assembled)
		if known := judged.Verdict != report.Inconclusive && judged.Value != nil; known != (err == nil) {
			t.Errorf("%s: margin %+v, %v; judged %+v", source, margin, err, judged)
		} else if known && margin.Holds() != (judged.Verdict == report.Pass) {
			t.Errorf("%s: margin %+v, verdict %s", source, margin, judged.Verdict)
		}
		if judged.Verdict == report.Fail && err == nil && condition.Value(margin.By) == "" {
			t.Errorf("%s: no value", source)
		}
	}
}

// At its bound a condition holds or not according to its comparison, and Value returns the bound again.
func TestMarginAtTheBound(t *testing.T) {
	recording, facts := surge.Recorded()
	assembled := recorder.Assemble(recording, facts)
	for source, want := range map[string]bool{
		"scheduled >= 200": true, "scheduled <= 200": true, "scheduled > 200": false, "scheduled < 200": false, "scheduled == 200": true, "scheduled != 200": false,
	} {
		condition, err := threshold.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		margin, err := condition.Margin(assembled)
		if err != nil || margin.By != 0 || margin.Holds() != want {
			t.Errorf("%s: %+v, %v", source, margin, err)
		}
	}
	condition, err := threshold.Parse("scheduled <= 150")
	if err != nil {
		t.Fatal(err)
	}
	if margin, err := condition.Margin(assembled); err != nil || margin.By != -50 || condition.Value(margin.By) != "200" {
		t.Errorf("%+v, %v: %s", margin, err, condition.Value(margin.By))
	}
}
