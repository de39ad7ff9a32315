package report_test

import (
	"testing"

	"github.com/ombak-sim/ombak/report"
)

func TestMainStep(t *testing.T) {
	rows := func(steps ...string) (all []report.FunnelRow) {
		for _, step := range steps {
			all = append(all, report.FunnelRow{Step: step})
		}
		return all
	}
	at := func(step string) report.Offered {
		return report.Offered{ByStep: map[string]report.Scheduling{step: {Scheduled: 1}}}
	}
	for _, test := range []struct {
		why  string
		r    report.Report
		want string
	}{
		{"people are scheduled at a step of the user's", report.Report{Funnel: rows("visit", "sign-up", "order"), Offered: at("order")}, "order"},
		{"an older report: the sign-up", report.Report{Funnel: rows("landing", "sign-up", "join")}, "sign-up"},
		{"neither: the first step", report.Report{Funnel: rows("visit", "order")}, "visit"},
		{"a step that the funnel lacks", report.Report{Funnel: rows("visit", "order"), Offered: at("gone")}, "visit"},
		{"nothing", report.Report{}, ""},
	} {
		if got := report.MainStep(test.r); got != test.want {
			t.Errorf("%s: %q, want %q", test.why, got, test.want)
		}
	}
}
