package threshold_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
)

// stretched returns a run of 120 s at speed 1 with 10 sign-ups a second. All pass, except in seconds 30 to
// 39, when 4 pass and 6 fail.
func stretched() report.Report {
	r := report.Report{
		Funnel: []report.FunnelRow{{Step: funnel.SignUp, Entered: 1200, Passed: 1140, Failed: 60}},
		Steps: []report.StepRow{{Step: funnel.SignUp, ResponseTimePassedS: &report.Quantiles{
			Count: 1140, Mean: 0.1, P50: 0.08, P90: 0.2, P95: 0.3, P99: 0.6, P999: 0.7, Max: 0.9,
		}}},
	}
	step := report.StepSeries{Step: funnel.SignUp}
	for second := range 120 {
		passed, failed := int64(10), int64(0)
		if second >= 30 && second < 40 {
			passed, failed = 4, 6
		}
		r.Series.TS, r.Series.ScenarioS = append(r.Series.TS, int64(second)), append(r.Series.ScenarioS, float64(second))
		r.Series.Scheduled = append(r.Series.Scheduled, 10)
		step.Entered, step.Requests = append(step.Entered, 10), append(step.Requests, 10)
		step.Passed, step.Failed = append(step.Passed, passed), append(step.Failed, failed)
		step.Declined, step.Rejected, step.TimedOut, step.Abandoned = append(step.Declined, 0), append(step.Rejected, 0), append(step.TimedOut, 0), append(step.Abandoned, 0)
		step.P50, step.P95, step.P99 = append(step.P50, math.NaN()), append(step.P95, math.NaN()), append(step.P99, math.NaN())
	}
	r.Series.Steps = []report.StepSeries{step}
	return r
}

func TestWindows(t *testing.T) {
	tests := []struct {
		why, source string
		verdict     report.Verdict
		value       float64
	}{
		{"the whole run", "sign-up.passed >= 95% of entered", report.Pass, 95},
		{"every ten seconds", "sign-up.passed >= 95% of entered over 10s", report.Fail, 40},
		{"every minute", "sign-up.passed >= 90% of entered over 1m", report.Pass, 90},
		{"outside the bad stretch", "sign-up.passed >= 99% of entered over 10s during 40s..2m", report.Pass, 100},
		{"only the bad stretch", "sign-up.failed <= 59 during 30s..40s", report.Fail, 60},
		{"over and during come in any order", "sign-up.failed < 7 during 0s..1m over 1s", report.Pass, 6},
		{"goodput", "sign-up.goodput_per_s > 6 over 10s", report.Fail, 4},
		{"the largest rate of all stretches", "sign-up.rate < 0.3 over 20s", report.Fail, 0.3},
		{"k6: the rate of the sign-up", "rate<0.06", report.Pass, 0.05},
		{"k6: a quantile", "p(95)<500ms", report.Pass, 0.3},
		{"k6: the mean", "avg<50ms", report.Fail, 0.1},
		{"k6: the median", "med <= 80ms", report.Pass, 0.08},
		{"k6: the largest", "max<1s", report.Pass, 0.9},
	}
	for _, test := range tests {
		condition, err := threshold.Parse(test.source)
		if err != nil {
			t.Errorf("%s: %v", test.why, err)
			continue
		}
		got := condition.Judge(stretched())
		if got.Verdict != test.verdict || got.Value == nil || math.Abs(*got.Value-test.value) > 1e-9 {
			t.Errorf("%s: %s is %s (%v, %s), want %s", test.why, test.source, got.Verdict, got.Value, got.Reason, test.verdict)
		}
	}
}

// A figure that was never measured fails, with a reason.
func TestWindowsNotMeasured(t *testing.T) {
	for why, source := range map[string]string{
		"the run ended before":            "sign-up.passed >= 1 during 3m..4m",
		"the run is shorter":              "sign-up.passed >= 1 over 3m",
		"nobody was ever at that step":    "join.passed >= 1 over 1s",
		"a share of zero people declined": "sign-up.passed >= 1% of declined over 1s",
	} {
		condition, err := threshold.Parse(source)
		if err != nil {
			t.Errorf("%s: %v", why, err)
			continue
		}
		if got := condition.Judge(stretched()); got.Verdict != report.Fail || !strings.Contains(got.Reason, "never measured") {
			t.Errorf("%s: %+v", why, got)
		}
	}
}

func TestWindowFaults(t *testing.T) {
	for source, want := range map[string]string{
		"sign-up.passed >= 1 during 10m..6m":         "ends before it begins",
		"sign-up.passed >= 1 during 6m":              "from..to",
		"sign-up.passed >= 1 over soon":              "not a duration",
		"sign-up.passed >= 1 over 10ms":              "at least one second",
		"sign-up.passed == 1 over 1m":                "worst stretch",
		"sign-up.response_time.p99 < 1s over 1m":     "only quantiles of response_time",
		"p(95)<500ms during 1m..2m":                  "only quantiles of response_time",
		"sign-up.retries < 1 over 1m":                "not recorded by the second",
		"lost == 0 during 1m..2m":                    "not recorded by the second",
		"sign-up.passed >= 1% of scheduled over 1m":  "share of entered",
		"sign-up.passed >= 1 over 1m over 2m":        "unexpected",
		"sign-up.passed >= 1 over 1m during 1s..2s!": "unexpected",
	} {
		if _, err := threshold.Parse(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v; want %q", source, err, want)
		}
	}
}
