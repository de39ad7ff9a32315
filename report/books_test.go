package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
)

func TestCheck(t *testing.T) {
	tests := []struct {
		why    string
		change func(*report.Report)
		fault  string // empty when the books add up
	}{
		{"the run as it was", func(*report.Report) {}, ""},
		{"someone neither sent nor dropped", func(r *report.Report) { r.Offered.Scheduled += 3 }, "3 are unaccounted for"},
		{"someone dropped", func(r *report.Report) { r.Offered.Scheduled++; r.Offered.Dropped++ }, ""},
		{"more ended than began", func(r *report.Report) { r.Offered.Completed++ }, "201 people completed"},
		{"an outcome without an entry", func(r *report.Report) { r.Funnel[1].Passed++; r.Funnel[1].Unfinished-- }, "email-verify"},
		{"an attempt without an entry", func(r *report.Report) { r.Steps[2].Requests++ }, "201 first attempts"},
		{"an outcome without an attempt", func(r *report.Report) { r.Steps[0].Requests-- }, "only 199 attempts"},
		{"means differ by rounding", func(r *report.Report) { r.Offered.Sent += 1e-9 }, ""},
	}
	for _, test := range tests {
		recording, facts := surge()
		assembled := report.Assemble(recording, facts)
		test.change(&assembled)
		faults := strings.Join(report.Check(assembled), "; ")
		if test.fault == "" && faults != "" || !strings.Contains(faults, test.fault) {
			t.Errorf("%s: %q, want %q", test.why, faults, test.fault)
		}
	}
}

func TestValidity(t *testing.T) {
	tests := []struct {
		why      string
		validity report.Validity
		fault    string
	}{
		{"no limit", report.Validity{}, ""},
		{"within the limit", report.Validity{MaxScheduleLagP99: 10 * time.Millisecond, MaxDroppedShare: 0.1}, ""},
		{"late", report.Validity{MaxScheduleLagP99: 900 * time.Microsecond}, "sent late"},
		{"dropped", report.Validity{MaxDroppedShare: 0.001}, "dropped 1 of 200"},
	}
	for _, test := range tests {
		recording, facts := surge()
		assembled := report.Assemble(recording, facts)
		assembled.Offered.Sent, assembled.Offered.Dropped = 199, 1
		assembled.Offered.Completed = 199
		judged := report.Judge(assembled, nil, test.validity)
		if invalid := judged.Verdict == report.Invalid; invalid != (test.fault != "") {
			t.Errorf("%s: verdict %s", test.why, judged.Verdict)
		}
		if !strings.Contains(strings.Join(judged.Invalid, ";"), test.fault) {
			t.Errorf("%s: %q, want %q", test.why, judged.Invalid, test.fault)
		}
	}
}
