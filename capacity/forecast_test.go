package capacity_test

import (
	"strings"
	"testing"
	"time"

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

// TestForecastCoverage draws a past and a future with one share. 95 % of 1000 intervals should contain the
// future count; the odds of less than 92 % or more than 98 % are under 1 in 20,000.
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
		t.Errorf("%d of %d intervals contain the future count", held, runs)
	}
}

// TestForecastCoverageWhereRunsDiffer draws a new share for each run. 95 % of the intervals should contain
// the future count; the odds of less than 93 % are under 1 in 400. If runs do not differ, intervals may be
// wide.
func TestForecastCoverageWhereRunsDiffer(t *testing.T) {
	const runs = 1000
	purpose := workload.NewPurpose("test/forecast")
	for _, test := range []struct {
		why             string
		reports, people int
		deviation       float64
		most            int // most intervals of 1000 that may contain it
	}{
		{"three reports, ten times as many people", 3, 5000, .05, 970},
		{"four reports, ten times as many people", 4, 5000, .05, 970},
		{"two reports", 2, 5000, .05, 970},
		{"four reports, fewer people", 4, 100, .05, 985},
		{"runs that do not differ", 4, 5000, 0, 1000},
	} {
		held := 0
		for run := range runs {
			stream := workload.Seed{Value: 1}.Stream(purpose, uint64(run), 0, 0)
			draw := func(n int) (passed float64) {
				share := .44 + test.deviation*normal(&stream)
				for range n {
					if stream.Chance(share) {
						passed++
					}
				}
				return passed
			}
			var past []report.Report
			for i := range test.reports {
				past = append(past, funnelOf(500, draw(500)))
				past[i].Scenario.Seed = uint64(i)
			}
			interval, future := must(capacity.ForecastFunnel(past, float64(test.people), 10))(t).Steps[0].Passed.Interval, draw(test.people)
			if interval[0] <= future && future <= interval[1] {
				held++
			}
		}
		if held < runs*93/100 || held > test.most {
			t.Errorf("%s: %d of %d intervals contain the future count", test.why, held, runs)
		}
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
		t.Errorf("runs that differ give an interval of %v people, equal ones %v", width(wide), width(narrow))
	}
	if len(narrow.Warnings) != 0 {
		t.Errorf("warnings %q within the measured range", narrow.Warnings)
	}
	beyond := must(capacity.ForecastFunnel(alike, 5000, 101))(t)
	if !strings.Contains(strings.Join(beyond.Warnings, "\n"), "exceeds the 100 that were measured") {
		t.Errorf("warnings %q at a higher peak", beyond.Warnings)
	}
	everyone := must(capacity.ForecastFunnel(alike[:1], 10, 1))(t).Steps[0].Entered
	if everyone.Interval[1] != 10 || everyone.Mean > 10 || everyone.Interval[0] < 8 {
		t.Errorf("all entered, but the forecast for 10 is %+v", everyone)
	}
}

func TestForecastOfBadReports(t *testing.T) {
	other := funnelOf(100, 50)
	other.Funnel[0].Step = "landing"
	with := func(r report.Report, change func(*report.Report)) report.Report {
		change(&r)
		return r
	}
	named := with(funnelOf(100, 51), func(r *report.Report) { r.Scenario.Name = "b" })
	edited := with(funnelOf(100, 51), func(r *report.Report) { r.Scenario.SHA256 = "b" })
	planned := with(funnelOf(100, 51), func(r *report.Report) { r.Plan = "b" })
	invalid := with(funnelOf(100, 51), func(r *report.Report) { r.Verdict = report.Invalid })
	at := func(second int, passed float64) report.Report {
		started := time.Date(2020, 4, 11, 12, 0, second, 0, time.UTC)
		return with(funnelOf(100, passed), func(r *report.Report) { r.Started = &started })
	}
	for _, test := range []struct {
		why     string
		reports []report.Report
		people  float64
		hint    string
	}{
		{"no report", nil, 10, "at least one"},
		{"an empty report", []report.Report{{}}, 10, "report 1 is empty"},
		{"reports of two scenarios", []report.Report{funnelOf(100, 50), other}, 10, "report 2 has other steps"},
		{"reports of two scenarios with the same steps", []report.Report{funnelOf(100, 50), named}, 10, `report 2 is of scenario "b"`},
		{"reports of two versions of a scenario", []report.Report{funnelOf(100, 50), edited}, 10, "another version"},
		{"reports of two plans", []report.Report{funnelOf(100, 50), planned}, 10, `report 2 is of plan "b"`},
		{"the same simulation twice", []report.Report{funnelOf(100, 50), funnelOf(100, 51), funnelOf(100, 50)}, 10, "report 3 is of a run that another report is of"},
		{"the same live run twice", []report.Report{at(1, 50), at(1, 50)}, 10, "report 2 is of a run that another report is of"},
		{"no valid run", []report.Report{invalid}, 10, "every run is invalid"},
		{"more people passed than entered", []report.Report{funnelOf(100, 150)}, 10, "do not add up"},
		{"nobody will come", []report.Report{funnelOf(100, 50)}, 0, "number of people is 0"},
	} {
		_, err := capacity.ForecastFunnel(test.reports, test.people, 1)
		if err == nil || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: error %v, want one with %q", test.why, err, test.hint)
		}
	}
	if _, err := capacity.ForecastFunnel([]report.Report{at(1, 50), at(2, 50)}, 10, 1); err != nil {
		t.Errorf("two live runs with the same outcome: %v", err)
	}
	left := must(capacity.ForecastFunnel([]report.Report{invalid, funnelOf(100, 30)}, 1000, 1))(t)
	if !strings.Contains(strings.Join(left.Warnings, "\n"), "report 1 is left out, because its run is invalid") {
		t.Errorf("warnings %q of an invalid run", left.Warnings)
	}
	within(t, "only the valid run counts", left.Steps[0].Passed.Mean, 1000*30.5/101, 1e-9)
	means := must(capacity.ForecastFunnel([]report.Report{with(funnelOf(100, 30), func(r *report.Report) { r.Replications = 8 })}, 1000, 1))(t)
	if !strings.Contains(strings.Join(means.Warnings, "\n"), "means of replications") {
		t.Errorf("warnings %q of means", means.Warnings)
	}
}
