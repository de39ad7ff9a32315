package plots_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
)

// wandering returns a run in which people skip a step, go back, and end in several places.
func wandering() report.Report {
	r := short()
	r.Funnel = []report.FunnelRow{
		{Step: "home", Entered: 100, Passed: 95, Failed: 5}, {Step: "login", Entered: 30, Passed: 30}, {Step: "list", Entered: 80, Passed: 80},
	}
	r.Transitions = []report.Transition{
		{From: report.WalkStart, To: "home", People: 100},
		{From: "home", To: "login", People: 30},
		{From: "home", To: "list", People: 50},
		{From: "home", To: report.WalkEnd, People: 15},
		{From: "login", To: "list", People: 30},
		{From: "list", To: "list", People: 20},
		{From: "list", To: "home", People: 9},
		{From: "list", To: report.WalkEnd, People: 80},
	}
	return r
}

// TestWaysAreDrawn draws the graph in place of the straight line, with a number beside each way.
func TestWaysAreDrawn(t *testing.T) {
	figures, err := plots.All(wandering())
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range figures {
		if figure.Name != "drop-off" {
			continue
		}
		for _, want := range []string{"home: 95 % passed, and went on, 30 to login, 50 to list, 15 to end", "list: 100 % passed, and went on, 20 to list, 9 to home, 80 to end"} {
			if !strings.Contains(figure.Alt, want) {
				t.Errorf("the figure is described as %q, without %q", figure.Alt, want)
			}
		}
		return
	}
	t.Error("there is no figure of those who leave")
}
