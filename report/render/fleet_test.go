package render_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// TestFleetInText: every generator on another machine has a row, people who were lost are told of, and a run on one machine has
// no table.
func TestFleetInText(t *testing.T) {
	bound, late, cpu, share, most := .0002, -.000031, 1.5, .43, .97
	fleet := []report.Agent{
		{Agent: "north|1", Part: 1, People: 500, Sent: 500, ClockBoundS: &bound, StartErrorS: &late, CPUS: &cpu, CPUs: 2, CPUShare: &share, CPUShareMax: &most},
		{Agent: "south", Part: 2, People: 500, Sent: 269, Lost: 231, Why: "it does not answer"},
	}
	r := report.Report{DurationS: 10, Fleet: fleet, Offered: report.Offered{Scheduled: 1000, Sent: 769, Lost: 231}, Generator: &report.Generator{CPUS: &cpu}}
	r.Placed = []report.Placed{{Part: "backend", Agent: "east|1", ClockBoundS: &bound, CPUS: &late}, {Part: "mocks", Agent: "west"}}
	r.Machine = &report.Machine{CPUs: 2, Usage: &report.Usage{Sentence: "CPU was short"}}
	for _, write := range []struct {
		name  string
		of    func(*strings.Builder, report.Report) error
		agent string
	}{
		{"text", func(b *strings.Builder, r report.Report) error { return render.Text(b, r) }, "north|1"},
		{"summary", func(b *strings.Builder, r report.Report) error { return render.Markdown(b, r) }, `north\|1`},
		{"page", func(b *strings.Builder, r report.Report) error { return render.HTML(b, r, nil) }, "north|1"},
	} {
		var with, without strings.Builder
		if err := write.of(&with, r); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{write.agent, "clock within", "200 µs", "-31 µs", "1.5 s", "231", "CPU was short (the conductor", "43 % (97 %)", strings.Replace(write.agent, "north", "east", 1), "mocks"} {
			if !strings.Contains(with.String(), want) {
				t.Errorf("the %s lacks %q:\n%s", write.name, want, with.String())
			}
		}
		if err := write.of(&without, report.Report{DurationS: 10}); err != nil || strings.Contains(without.String(), "clock within") {
			t.Errorf("the %s of one machine has a table of agents, %v", write.name, err)
		}
	}
}
