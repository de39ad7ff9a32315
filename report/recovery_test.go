package report_test

import (
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
)

// The series has stretches of ten seconds; the second is the busiest.
func TestRecovery(t *testing.T) {
	series := func(came, requests, passed []int64) report.Series {
		s := report.Series{Steps: []report.StepSeries{{Step: "go"}, {Step: "mail"}}}
		for i := range came {
			for second := range int64(10) {
				s.TS = append(s.TS, int64(i)*10+second)
				s.Scheduled = append(s.Scheduled, came[i])
				asked, awaited := &s.Steps[0], &s.Steps[1]
				asked.Requests, asked.Passed, asked.Declined = append(asked.Requests, requests[i]), append(asked.Passed, passed[i]), append(asked.Declined, 0)
				awaited.Requests, awaited.Passed, awaited.Declined = append(awaited.Requests, 100), append(awaited.Passed, 0), append(awaited.Declined, 0)
			}
		}
		return s
	}
	for why, test := range map[string]struct {
		came, requests, passed []int64 // per second, for each stretch
		seconds                float64
		recovered              bool
	}{
		"never in trouble; a few typing errors do not count": {[]int64{1, 10, 1}, []int64{1, 10, 2}, []int64{1, 9, 2}, 0, true},
		"in trouble until two stretches after":               {[]int64{1, 10, 1, 1, 1}, []int64{1, 10, 10, 10, 1}, []int64{1, 1, 1, 1, 1}, 20, true},
		"in trouble for as long as people come":              {[]int64{1, 10, 1, 1, 0}, []int64{1, 10, 10, 10, 0}, []int64{1, 1, 1, 1, 0}, 20, false},
		"in trouble before the busiest only":                 {[]int64{1, 10, 1}, []int64{10, 10, 1}, []int64{1, 10, 1}, 0, true},
		"a step that asks nothing does not count":            {[]int64{1, 1}, []int64{1, 1}, []int64{1, 1}, 0, true},
	} {
		s := series(test.came, test.requests, test.passed)
		seconds, over := report.Recovery(s, func(step string) bool { return step == "go" })
		if seconds != test.seconds || over != test.recovered {
			t.Errorf("%s: %v s, recovered %t, want %v s, %t", why, seconds, over, test.seconds, test.recovered)
		}
		condition, err := threshold.Parse("go.recovery <= 15s")
		if err != nil {
			t.Fatal(err)
		}
		want := report.Pass
		if test.seconds > 15 || !test.recovered {
			want = report.Fail
		}
		if got := condition.Judge(report.Report{Series: s}); got.Verdict != want {
			t.Errorf("%s: judged %+v, want %s", why, got, want)
		}
	}
}

// Runs of twenty minutes and more are divided into minutes. Ten bad seconds in a good minute are not trouble,
// a bad minute is.
func TestLongRunsRecoverByTheMinute(t *testing.T) {
	for why, test := range map[string]struct {
		bad     int // seconds of trouble after the busiest minute
		seconds float64
	}{"ten bad seconds": {10, 0}, "a bad minute": {60, 60}} {
		s := report.Series{Steps: []report.StepSeries{{Step: "go"}}}
		for second := range int64(20 * 60) {
			came, well := int64(10), int64(10)
			if second < 60 {
				came, well = 20, 20 // the busiest
			}
			if second >= 60 && second < 60+int64(test.bad) {
				well = 0
			}
			s.TS, s.Scheduled = append(s.TS, second), append(s.Scheduled, came)
			step := &s.Steps[0]
			step.Requests, step.Passed, step.Declined = append(step.Requests, came), append(step.Passed, well), append(step.Declined, 0)
		}
		if seconds, over := report.Recovery(s, func(string) bool { return true }); seconds != test.seconds || !over {
			t.Errorf("%s: %v s, recovered %t; want %v s", why, seconds, over, test.seconds)
		}
	}
}
