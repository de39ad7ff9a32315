package render_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// A run that passes with warnings, or was asked nothing, says so wherever people read its verdict. The verdict itself stays pass.
func TestHeadlineTellsOfWarnings(t *testing.T) {
	warned := report.Judgement{Source: "a.passed > 1", Severity: funnel.Warn, Verdict: report.Fail}
	for _, test := range []struct {
		why, want string
		report    report.Report
	}{
		{"no warning, no remark", "pass", report.Report{Verdict: report.Pass, Thresholds: []report.Judgement{{Source: "a.passed > 0", Verdict: report.Pass}}}},
		{"nothing was asked of the run", "pass, as no threshold was given", report.Report{Verdict: report.Pass}},
		{"one warning", "pass, with 1 warning", report.Report{Verdict: report.Pass, Warnings: []string{"the disk is slow"}}},
		{"a threshold that only warns", "pass, with 2 warnings", report.Report{Verdict: report.Pass, Warnings: []string{"the disk is slow"}, Thresholds: []report.Judgement{warned}}},
		{"a failure shows no warnings", "fail", report.Report{Verdict: report.Fail, Warnings: []string{"the disk is slow"}}},
	} {
		test.report.Scenario.Name = "rush"
		var text, markdown bytes.Buffer
		if err := render.Text(&text, test.report); err != nil || !strings.Contains(text.String(), "verdict: "+test.want+"\n") {
			t.Errorf("%s: %v, %s", test.why, err, text.String())
		}
		if err := render.Markdown(&markdown, test.report); err != nil || !strings.HasPrefix(markdown.String(), "# rush: "+test.want+"\n") {
			t.Errorf("%s: %v, %s", test.why, err, markdown.String())
		}
		if page := html(t, test.report); !strings.Contains(page, `">`+test.want+"</strong>") || !strings.Contains(page, "<title>rush: "+test.want+"</title>") {
			t.Errorf("%s: the page shows another headline", test.why)
		}
	}
}
