package main

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
)

// TestALevelThatSomebodyChanged acts on levels of a redline. What changes a level makes it no measurement of its rate; a note
// does not.
func TestALevelThatSomebodyChanged(t *testing.T) {
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why    string
		do     []funnel.Action
		reason string
	}{
		{"nobody acts", nil, ""},
		{"a note", []funnel.Action{{Do: funnel.Remark, With: map[string]string{"text": "look"}, By: "Rina"}}, ""},
		{"a stop", []funnel.Action{{Do: funnel.Stop, By: "Rina"}}, ""},
		{"a hold after a note", []funnel.Action{{Do: funnel.Remark, With: map[string]string{"text": "look"}}, {Do: funnel.Hold, By: "Rina"}}, "somebody acted while it played (arrivals held, by Rina)"},
	} {
		r := &room{hall: &hall{offering: offering{scenario: scenario}, began: scenario}}
		for _, action := range row.do {
			r.hall.did(action, scenario)
		}
		got := r.measured(report.Report{Schema: report.Schema, Verdict: report.Pass})
		if row.reason == "" && got.Verdict != report.Pass || row.reason != "" && (got.Verdict != report.Invalid || !strings.HasPrefix(got.Invalid[0], row.reason)) {
			t.Errorf("%s: %s, %q; want %q", row.why, got.Verdict, got.Invalid, row.reason)
		}
	}
	if got := (*room)(nil).measured(report.Report{Schema: report.Schema, Verdict: report.Pass}); got.Verdict != report.Pass {
		t.Errorf("without a page: %s", got.Verdict)
	}
}
