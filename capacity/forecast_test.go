package capacity_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/workload"
)

func funnelOf(scheduled, passed float64) report.Report {
	return report.Report{
		Offered: report.Offered{Scheduled: scheduled, PeakPerMin: scheduled / 10},
		Funnel:  []report.FunnelRow{{Step: "sign-up", Entered: scheduled, Passed: passed}},
	}
}

// TestForecastCoverage draws a past and a future from one share: 95 % of 1000 intervals should hold
// the future count; below 92 % or above 98 % has odds under 1 in 20,000.
func TestForecastCoverage(t *testing.T) {
	const runs = 1000
	purpose := workload.NewPurpose("test/forecast")
	held := 0
	for run := range runs {
		stream := workload.Seed{Value: 1}.Stream(purpose, uint64(run), 0, 0)
		draw := func(n int) (passed float64) {
			for range n {
				if stream.Chance(.44) {
					passed++
				}
			}
			return passed
		}
		past := funnelOf(800, draw(800))
		forecast := must(capacity.ForecastFunnel([]report.Report{past}, 2000, 10))(t)
		interval, future := forecast.Steps[0].Passed.Interval, draw(2000)
		if interval[0] <= future && future <= interval[1] {
			held++
		}
	}
	if held < runs*92/100 || held > runs*98/100 {
		t.Errorf("%d of %d intervals hold the future", held, runs)
	}
}

func TestForecastSaysWhatItDoesNotKnow(t *testing.T) {
	alike := []report.Report{funnelOf(1000, 440), funnelOf(1000, 445), funnelOf(1000, 435)}
	differing := []report.Report{funnelOf(1000, 540), funnelOf(1000, 440), funnelOf(1000, 340)}
	narrow, wide := must(capacity.ForecastFunnel(alike, 5000, 100))(t), must(capacity.ForecastFunnel(differing, 5000, 100))(t)
	within(t, "mean", narrow.Steps[0].Passed.Mean, 2200, 1e-3)
	width := func(f capacity.Forecast) float64 {
		return f.Steps[0].Passed.Interval[1] - f.Steps[0].Passed.Interval[0]
	}
	if width(wide) < 3*width(narrow) {
		t.Errorf("runs that differ give an interval of %v people, alike ones %v", width(wide), width(narrow))
	}
	if len(narrow.Warnings) != 0 {
		t.Errorf("warnings %q within what was measured", narrow.Warnings)
	}
	beyond := must(capacity.ForecastFunnel(alike, 5000, 101))(t)
	if !strings.Contains(strings.Join(beyond.Warnings, "\n"), "exceeds the 100 that were measured") {
		t.Errorf("warnings %q of a higher peak", beyond.Warnings)
	}
	everyone := must(capacity.ForecastFunnel(alike[:1], 10, 1))(t).Steps[0].Entered
	if everyone.Interval[1] != 10 || everyone.Mean > 10 || everyone.Interval[0] < 8 {
		t.Errorf("where all entered, %+v of 10 will", everyone)
	}
}

func TestForecastOfBadReports(t *testing.T) {
	other := funnelOf(100, 50)
	other.Funnel[0].Step = "landing"
	for _, test := range []struct {
		why     string
		reports []report.Report
		people  float64
		hint    string
	}{
		{"no report", nil, 10, "at least one"},
		{"an empty report", []report.Report{{}}, 10, "report 1 is empty"},
		{"reports of two scenarios", []report.Report{funnelOf(100, 50), other}, 10, "report 2 has other steps"},
		{"more passed than came", []report.Report{funnelOf(100, 150)}, 10, "do not add up"},
		{"nobody to come", []report.Report{funnelOf(100, 50)}, 0, "number of people is 0"},
	} {
		_, err := capacity.ForecastFunnel(test.reports, test.people, 1)
		if err == nil || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: error %v, want one that says %q", test.why, err, test.hint)
		}
	}
}
