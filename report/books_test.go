package report_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
)

func TestCheck(t *testing.T) {
	tests := []struct {
		why    string
		change func(*report.Report)
		fault  string // empty if the books balance
	}{
		{"an unchanged run", func(*report.Report) {}, ""},
		{"a person who is neither sent nor dropped", func(r *report.Report) { r.Offered.Scheduled += 3 }, "3 are unaccounted for"},
		{"someone dropped", func(r *report.Report) { r.Offered.Scheduled++; r.Offered.Dropped++ }, ""},
		{"more people ended than began", func(r *report.Report) { r.Offered.Completed++ }, "201 people completed"},
		{"an outcome without an entry", func(r *report.Report) { r.Funnel[1].Passed++; r.Funnel[1].Unfinished-- }, "email-verify"},
		{"an attempt without an entry", func(r *report.Report) { r.Steps[2].Requests++ }, "201 first attempts"},
		{"an outcome without an attempt", func(r *report.Report) { r.Steps[0].Requests-- }, "only 199 attempts"},
		{"means differ by rounding", func(r *report.Report) { r.Offered.Sent += 1e-9 }, ""},
	}
	for _, test := range tests {
		recording, facts := surge.Recorded()
		assembled := recorder.Assemble(recording, facts)
		test.change(&assembled)
		faults := strings.Join(report.Check(assembled), "; ")
		if test.fault == "" && faults != "" || !strings.Contains(faults, test.fault) {
			t.Errorf("%s: %q, want %q", test.why, faults, test.fault)
		}
	}
}
