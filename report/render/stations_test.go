package render_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// TestStationsInText: stations whose waits are known have a row, and a report without any has no table.
func TestStationsInText(t *testing.T) {
	share, wait, service := .8, .04, .01
	known := report.StationRow{Name: "web|1", Servers: 2, BusyS: 16, QueueMean: 3.2, PWait: &share, WaitS: &wait, ServiceS: &service}
	gate := report.StationRow{Name: "entry", Servers: 5}
	for _, write := range []struct {
		name string
		of   func(r report.Report) string
		want []string
	}{
		{"text", func(r report.Report) string { var b strings.Builder; _ = render.Text(&b, r); return b.String() }, []string{"web|1", "80 %", "40 ms", "10 ms", "3.2"}},
		{"summary", func(r report.Report) string { var b strings.Builder; _ = render.Markdown(&b, r); return b.String() }, []string{"## Stations", `web\|1`, "80 %", "40 ms", "10 ms", "3.2"}},
	} {
		with := write.of(report.Report{DurationS: 10, Stations: []report.StationRow{gate, known}})
		for _, want := range write.want {
			if !strings.Contains(with, want) {
				t.Errorf("the %s lacks %q:\n%s", write.name, want, with)
			}
		}
		if without := write.of(report.Report{DurationS: 10, Stations: []report.StationRow{gate}}); strings.Contains(without, "service") {
			t.Errorf("the %s has a table of nothing:\n%s", write.name, without)
		}
	}
}

// TestSteadyInText: the sentence of a steady run stands in both texts.
func TestSteadyInText(t *testing.T) {
	r := report.Report{Steady: &report.Steady{Sentence: "the run has settled"}}
	var text, summary strings.Builder
	if render.Text(&text, r) != nil || render.Markdown(&summary, r) != nil {
		t.Fatal("a report cannot be written")
	}
	if !strings.Contains(text.String(), "steady state: the run has settled") || !strings.Contains(summary.String(), "Steady state: the run has settled.") {
		t.Errorf("%s\n%s", &text, &summary)
	}
}
