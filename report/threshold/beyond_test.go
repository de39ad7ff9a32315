package threshold_test

import (
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
)

// TestAQuantileBreaksBeforeItIsKnown: the p95 of 200 values may have ten beyond it. With an eleventh, the values that are
// missing cannot mend it.
func TestAQuantileBreaksBeforeItIsKnown(t *testing.T) {
	tests := []struct {
		why, source string
		fast, slow  int64
		want        report.Verdict
		reason      string
	}{
		{"ten of few are beyond the bound", "pay.response_time.p95 < 1s", 100, 10, report.Inconclusive, "110 values are too few to know the p95; 200 are needed"},
		{"eleven are beyond it", "pay.response_time.p95 < 1s", 100, 11, report.Fail, "it is 2.0 s; 11 of 111 values are not within the bound"},
		{"nearly all are", "pay.response_time.p95 <= 1s", 8, 144, report.Fail, "144 of 152"},
		{"none is", "pay.response_time.p95 < 1s", 100, 0, report.Inconclusive, "too few"},
		{"so few that nothing is known", "pay.response_time.p95 < 1s", 0, 10, report.Inconclusive, "too few"},
		{"a lower bound can still be met", "pay.response_time.p95 > 5s", 0, 100, report.Inconclusive, "too few"},
		{"a lower quantile", "pay.response_time.p50 < 1s", 8, 11, report.Fail, "11 of 19"},
	}
	for _, test := range tests {
		histogram := hdrhistogram.New(1, 60_000_000, 3)
		for value, count := range map[int64]int64{50_000: test.fast, 2_000_000: test.slow} {
			if err := histogram.RecordValues(value, count); err != nil {
				t.Fatal(err)
			}
		}
		r := report.Report{
			Steps:      []report.StepRow{{Step: "pay", ResponseTimeS: report.QuantilesOf(histogram)}},
			Histograms: report.Histograms{ResponseTime: map[string]map[string]string{"pay": {funnel.Completed.String(): report.EncodeHistogram(histogram)}}},
		}
		condition, err := threshold.Parse(test.source)
		if err != nil {
			t.Fatal(err)
		}
		if judgement := condition.Judge(r); judgement.Verdict != test.want || !strings.Contains(judgement.Reason, test.reason) {
			t.Errorf("%s: %s is %s (%s), want %s (%s)", test.why, test.source, judgement.Verdict, judgement.Reason, test.want, test.reason)
		}
	}
}
