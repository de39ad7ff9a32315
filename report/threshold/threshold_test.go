package threshold_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
)

func TestThresholds(t *testing.T) {
	recording, facts := surge.Recorded()
	assembled := recorder.Assemble(recording, facts)
	tests := []struct {
		why, source string
		want        report.Verdict
	}{
		{"a share of those scheduled", "sign-up.passed >= 99.9% of scheduled", report.Pass},
		{"a share that is missed", "identity.passed >= 50% of entered", report.Fail},
		{"a share that is just met", "identity.passed >= 10% of entered", report.Pass},
		{"a rejected share", "identity.rejected < 0.1% of entered", report.Fail},
		{"a count with separators", "sign-up.peak_passed_per_min >= 80,000", report.Fail},
		{"nothing lost", "lost == 0", report.Pass},
		{"no duplicate", "duplicates==0", report.Pass},
		{"nothing dropped", "dropped == 0", report.Pass},
		{"a share of people of the whole run", "dropped < 0.1% of scheduled", report.Pass},
		{"200 values are enough for the p95", "sign-up.response_time_passed.p95 < 250ms", report.Pass},
		{"k6's way of writing it", "sign-up.response_time_passed.p(95) < 0.25s", report.Pass},
		{"a quantile that only the histogram has", "sign-up.response_time.p(94.5) < 40ms", report.Fail},
		{"200 values are too few for the p99", "sign-up.response_time_passed.p99 < 250ms", report.Inconclusive},
		{"200 values are too few for the p99, and nearly all are beyond the bound", "sign-up.response_time_passed.p99 < 1us", report.Fail},
		{"the lag's mean comes from the histogram", "schedule_lag.mean < 10ms", report.Pass},
		{"a maximum needs any number of values", "schedule_lag.max <= 500us", report.Fail},
		{"an unknown step was not measured", "join.passed >= 1", report.Fail},
		{"nobody is scheduled there", "identity.passed >= 1% of scheduled", report.Fail},
		{"a share of 0 is unknown", "sign-up.passed >= 1% of failed", report.Fail},
		{"a rate", "sign-up.goodput_per_s > 39.9", report.Pass},
	}
	for _, test := range tests {
		condition, err := threshold.Parse(test.source)
		if err != nil {
			t.Errorf("%s: %v", test.why, err)
			continue
		}
		judgement := condition.Judge(assembled)
		if judgement.Verdict != test.want {
			t.Errorf("%s: %s is %s (%s), want %s", test.why, test.source, judgement.Verdict, judgement.Reason, test.want)
		}
		if judgement.Verdict != report.Pass && judgement.Reason == "" {
			t.Errorf("%s: %s gives no reason", test.why, test.source)
		}
	}
}

func TestThresholdNeedsEnoughValues(t *testing.T) {
	recording, facts := surge.Recorded()
	condition, err := threshold.Parse("sign-up.response_time.p99 < 1s")
	if err != nil {
		t.Fatal(err)
	}
	judgement := condition.Judge(recorder.Assemble(recording, facts))
	if !strings.Contains(judgement.Reason, "1,000 are needed") { // 10/(1−0.99)
		t.Errorf("the reason is %q", judgement.Reason)
	}
}

func TestThresholdFaults(t *testing.T) {
	tests := []struct{ why, source, column, hint string }{
		{"nothing", "", "column 1", "sign-up.passed"},
		{"a wrong count", "sign-up.pased >= 1", "column 9", `did you mean "passed"?`},
		{"a wrong word", "losst == 0", "column 1", `did you mean "lost"?`},
		{"a wrong quantile", "sign-up.response_time.q99 < 1s", "column 23", `did you mean "p99"?`},
		{"a quantile beyond all", "sign-up.response_time.p(100) < 1s", "column 23", "between 0 and 100"},
		{"no bracket", "sign-up.response_time.p(99 < 1s", "column 27", "closing bracket"},
		{"no quantile", "sign-up.response_time < 1s", "column 22", "sign-up.response_time.p99"},
		{"no unit", "sign-up.response_time.p99 < 250", "column 32", "250ms"},
		{"one equals sign", "lost = 0", "column 6", "use =="},
		{"no comparison", "lost 0", "column 6", ">="},
		{"no number", "lost == none", "column 9", "number"},
		{"a share of nothing", "sign-up.passed >= 99% scheduled", "column 23", "of scheduled"},
		{"a share of a wrong word", "sign-up.passed >= 99% of sheduled", "column 26", `did you mean "scheduled"?`},
		{"something left over", "lost == 0 or else", "column 11", "unexpected"},
		{"columns count characters", "sign-up.passed >= 9 µ", "column 21", "unexpected"},
	}
	for _, test := range tests {
		_, err := threshold.Parse(test.source)
		if err == nil || !strings.Contains(err.Error(), test.column+":") || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: %q gives %v; want %s and %s", test.why, test.source, err, test.column, test.hint)
		}
	}
}

func TestVerdict(t *testing.T) {
	const broken, open, good = "identity.passed >= 50% of entered", "sign-up.response_time.p99 < 1s", "lost == 0"
	tests := []struct {
		why        string
		thresholds []funnel.Threshold
		want       report.Verdict
	}{
		{"nothing to judge by", nil, report.Pass},
		{"all hold", []funnel.Threshold{{Source: good}}, report.Pass},
		{"failing outweighs inconclusive", []funnel.Threshold{{Source: open}, {Source: broken}, {Source: open}}, report.Fail},
		{"inconclusive outweighs passing", []funnel.Threshold{{Source: open}, {Source: good}}, report.Inconclusive},
		{"a warning never fails", []funnel.Threshold{{Source: broken, Severity: funnel.Warn}, {Source: good, Severity: funnel.Fail}}, report.Pass},
	}
	for _, test := range tests {
		conditions, err := threshold.ParseAll(test.thresholds)
		if err != nil {
			t.Fatal(err)
		}
		recording, facts := surge.Recorded()
		rules := threshold.Rules{Conditions: conditions}
		if got := rules.Judge(recorder.Assemble(recording, facts), recording, facts.Clock).Verdict; got != test.want {
			t.Errorf("%s: %s, want %s", test.why, got, test.want)
		}
	}
}

func TestUnknownSeverity(t *testing.T) {
	if _, err := threshold.ParseAll([]funnel.Threshold{{Source: "lost == 0", Severity: "loud"}}); err == nil {
		t.Error("severity loud is accepted")
	}
}

func FuzzParseThreshold(f *testing.F) {
	for _, source := range []string{"sign-up.passed >= 99.9% of scheduled", "a.response_time.p(99) < 1,0µs", "lost == 0", "schedule_lag.max!=1h", "p(95)<500ms", "rate<0.1", "a.passed > 1% of entered over 1m during 6m..10m"} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		condition, err := threshold.Parse(source)
		if err != nil {
			return
		}
		again, err := threshold.Parse(condition.Source)
		if err != nil || again != condition {
			t.Errorf("%q parses to %+v, then to %+v, %v", source, condition, again, err)
		}
		condition.Judge(report.Report{})
	})
}
