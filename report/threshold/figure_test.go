package threshold_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
)

// hours is a report of three hours, in which 100, 300 and 200 people a second pass sign-up.
func hours() report.Report {
	r := report.Report{
		Funnel: []report.FunnelRow{{Step: "sign-up", Entered: 4_000_000, Passed: 2_160_000}},
		Steps:  []report.StepRow{{Step: "sign-up", ResponseTimeS: &report.Quantiles{Count: 2_160_000, Mean: 420, P50: 300}}},
	}
	step := report.StepSeries{Step: "sign-up"}
	for second := range int64(3 * 3600) {
		r.Series.TS = append(r.Series.TS, second)
		r.Series.ScenarioS = append(r.Series.ScenarioS, float64(second))
		step.Passed = append(step.Passed, []int64{100, 300, 200}[second/3600])
		step.Entered = append(step.Entered, 400)
		for _, column := range []*[]int64{&step.Requests, &step.Declined, &step.Rejected, &step.Failed, &step.TimedOut, &step.Abandoned} {
			*column = append(*column, 0)
		}
	}
	r.Series.Steps = []report.StepSeries{step}
	return r
}

func TestFigures(t *testing.T) {
	for _, test := range []struct {
		why, source string
		want        float64
		grows       bool
	}{
		{"a count of the whole run", "sign-up.passed", 2_160_000, true},
		{"a count of one hour", "sign-up.passed during 1h..2h", 300 * 3600, true},
		{"the busiest stretch, although thresholds with >= judge the quietest", "sign-up.passed over 10m", 300 * 600, true},
		{"the busiest stretch within a window", "sign-up.passed over 10m during 2h..3h", 200 * 600, true},
		{"a share, which does not grow with the people", "sign-up.passed % of entered", 54, false},
		{"a share within a window", "sign-up.passed % of entered during 0s..1h", 25, false},
		{"a time", "sign-up.response_time.mean", 420, false},
	} {
		figure, err := threshold.ParseFigure(test.source)
		if err != nil {
			t.Errorf("%s: %v", test.why, err)
			continue
		}
		if got, err := figure.Value(hours()); err != nil || math.Abs(got-test.want) > 1e-9 || figure.Grows() != test.grows {
			t.Errorf("%s: %q is %v (%v, grows %v), want %v", test.why, test.source, got, err, figure.Grows(), test.want)
		}
	}
}

func TestWrongFigures(t *testing.T) {
	for _, test := range []struct{ why, source, want string }{
		{"a comparison belongs to a threshold", "sign-up.passed >= 5", "a figure has no comparison"},
		{"no figure", "people", "is not a count of people"},
		{"a time has no window", "sign-up.response_time.p50 during 0s..1h", "a time covers the whole run"},
		{"a share of what nobody counts", "sign-up.passed % of everybody", `cannot take a share of "everybody"`},
		{"a share of a time", "sign-up.response_time.p50 % of entered", "a share is written"},
	} {
		if _, err := threshold.ParseFigure(test.source); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.why, err)
		}
	}
}

func TestPublishedValues(t *testing.T) {
	for _, test := range []struct {
		why, source, value string
		given, miss        float64
	}{
		{"a number", "sign-up.passed", "1_000", 1100, 0.1},
		{"within a range", "sign-up.passed", "515_000..525_000", 520_000, 0},
		{"below a range: relative to its lower end", "sign-up.passed", "500..600", 400, -0.2},
		{"above a range: relative to its upper end", "sign-up.passed", "400..500", 600, 0.2},
		{"at least so many", "sign-up.passed", "8_000_000..", 9_000_000, 0},
		{"fewer than at least", "sign-up.passed", "8_000_000..", 4_000_000, -0.5},
		{"a time", "sign-up.response_time.mean", "7m", 630, 0.5},
		{"a share", "sign-up.passed % of entered", "50%", 55, 0.1},
	} {
		figure, err := threshold.ParseFigure(test.source)
		if err != nil {
			t.Fatal(err)
		}
		published, err := figure.ParseRange(test.value)
		if err != nil {
			t.Errorf("%s: %v", test.why, err)
			continue
		}
		if miss, known := published.Error(test.given); !known || math.Abs(miss-test.miss) > 1e-9 {
			t.Errorf("%s: the error is %v, want %v", test.why, miss, test.miss)
		}
	}
	figure, _ := threshold.ParseFigure("sign-up.passed")
	if miss, known := (threshold.Range{}).Error(5); known {
		t.Errorf("the relative error of 5 instead of 0 is %v", miss)
	}
	for _, wrong := range []string{"", "many", "5..3", "-5", "7m", "NaN", "Inf"} {
		if r, err := figure.ParseRange(wrong); err == nil {
			t.Errorf("%q is read as %v", wrong, r)
		}
	}
}

// FuzzFigure checks that no text makes the parsers fail, and that what they accept is a range in order.
func FuzzFigure(f *testing.F) {
	f.Add("sign-up.passed % of entered over 1m during 0s..1h", "1_000..2_000")
	f.Add("sign-up.response_time.p(99.9)", "7m..8m")
	f.Fuzz(func(t *testing.T, source, value string) {
		figure, err := threshold.ParseFigure(source)
		if err != nil {
			return
		}
		if r, err := figure.ParseRange(value); err == nil && !(r.Low <= r.High && r.Low >= 0) {
			t.Errorf("%q is read as %v", value, r)
		}
		_, _ = figure.Value(hours())
	})
}
