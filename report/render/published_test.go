package render_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// Published figures stand beside their predictions in the terminal, the summary and the page. Markup in what somebody said
// is escaped.
func TestPublishedFigures(t *testing.T) {
	predicted, miss := 10_200_000.0, 0.0
	r := report.Report{Verdict: report.Pass, Published: []report.Published{
		{Figure: "register.passed during 0s..3h", Value: "8_000_000..", Source: "<b>press</b>", At: "2021-04-28", Predicted: &predicted, Spelt: "10,200,000", Error: &miss},
		{Figure: "queue.response_time.mean", Value: "7m", Source: "a briefing", At: "December", Reason: "only a part of the scenario was played"},
	}}
	for name, write := range map[string]func(*strings.Builder) error{
		"terminal": func(b *strings.Builder) error { return render.Text(b, r) },
		"summary":  func(b *strings.Builder) error { return render.Markdown(b, r) },
		"page":     func(b *strings.Builder) error { return render.HTML(b, r, nil) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"register.passed during 0s..3h", "at least 8,000,000", "10,200,000", "within", "7 min", "not known", "only a part of the scenario was played"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("the %s lacks %q", name, want)
			}
		}
		if strings.Contains(b.String(), "<b>press") {
			t.Errorf("the %s holds markup of others", name)
		}
	}
	var b strings.Builder
	if err := render.Text(&b, report.Report{}); err != nil || strings.Contains(b.String(), "published") {
		t.Errorf("a report without published figures speaks of them (%v)", err)
	}
}
