package simulation

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// smokeText returns smoke with one text of its file replaced.
func smokeText(t *testing.T, old, new string) *scenarios.Scenario {
	t.Helper()
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(smoke.Source()), old, new, 1)
	scenario, err := scenarios.Parse("smoke.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// smokeWith returns the report of smoke with a fault of the registry.
func smokeWith(t *testing.T, old, new string) report.Report {
	t.Helper()
	run, err := setup.NewModel(smokeText(t, old, new), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	simulation, err := Simulate(t.Context(), run, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if faults := report.Check(simulation.Report); len(faults) > 0 {
		t.Errorf("the books do not add up: %v", faults)
	}
	return simulation.Report
}

// TestFaultsOfADependency: each fault has the same effect on people as in a live run.
func TestFaultsOfADependency(t *testing.T) {
	const dukcapil = "dukcapil: {kind: dukcapil,"
	sound := smokeWith(t, dukcapil, dukcapil).Funnel[4]
	for _, test := range []struct {
		why   string
		fault string
		holds func(row report.FunnelRow, r report.Report) bool
	}{
		{
			"an outage from the start rejects all, some of whom still try again at the end", "{fault: outage, at: 0s, for: 1h}",
			func(row report.FunnelRow, _ report.Report) bool {
				return row.Passed+row.Declined == 0 && row.Rejected > 0.5*row.Entered && row.Rejected+row.Unfinished == row.Entered
			},
		},
		{
			"half an outage rejects some, and more are tried again", "{fault: outage, at: 0s, for: 1h, probability: 50%}",
			func(row report.FunnelRow, _ report.Report) bool {
				return row.Passed > 0.5*sound.Passed && row.Passed < sound.Passed && row.Retries > sound.Retries
			},
		},
		{
			"a black hole is found out by the timeout of the call or the person", "{fault: black-hole, at: 0s, for: 1h}",
			func(row report.FunnelRow, _ report.Report) bool {
				return row.Passed == 0 && row.Unfinished+row.Rejected+row.TimedOut > 0
			},
		},
		{
			"slow adds its delay", "{fault: slow, at: 0s, for: 1h, with: {delay: 300ms}}",
			func(_ report.FunnelRow, r report.Report) bool { return r.Steps[4].ResponseTimePassedS.P50 > 0.3 },
		},
		{
			"a brown-out takes longer", "{fault: brown-out, at: 0s, for: 1h, with: {capacity: 10%}}",
			func(_ report.FunnelRow, r report.Report) bool { return r.Steps[4].ResponseTimePassedS.P50 > 0.1 },
		},
		{
			"a fault that is over is over", "{fault: outage, at: 0s, for: 1ms}",
			func(row report.FunnelRow, r report.Report) bool {
				return row.Passed == sound.Passed && len(r.Timeline) == 1
			},
		},
	} {
		r := smokeWith(t, dukcapil, dukcapil+" faults: ["+test.fault+"],")
		if row := r.Funnel[4]; !test.holds(row, r) {
			t.Errorf("%s: %+v, p50 %v", test.why, row, r.Steps[4].ResponseTimePassedS)
		}
	}
}

// TestFaultsOfMessages: a fault of the mail shows in how many people find one, and ends at once when it is
// over.
func TestFaultsOfMessages(t *testing.T) {
	const mail = "mail: {kind: mail,"
	sound := smokeWith(t, mail, mail).Funnel[2]
	for _, test := range []struct {
		why   string
		fault string
		least float64 // share of those who find a mail without the fault
		most  float64
	}{
		{"half of the mails get lost", "{fault: loss, at: 0s, for: 1h, probability: 50%}", 0.4, 0.6},
		{"nobody with a patience of a second and a half waits out an outage", "{fault: outage, at: 0s, for: 1h}", 0, 0},
		{"a mail put off for half a second comes with the repetition after a second", "{fault: greylist, at: 0s, for: 1h, with: {delay: 500ms}}", 0.9, 1},
		{"a mail put off for an hour does not come", "{fault: greylist, at: 0s, for: 1h, with: {delay: 1h}}", 0, 0},
		{"a fault has no effect after its end", "{fault: outage, at: 0s, for: 1ms}", 1, 1},
	} {
		r := smokeWith(t, mail, mail+" faults: ["+test.fault+"],")
		if got := r.Funnel[2].Passed / sound.Passed; got < test.least || got > test.most || len(r.Warnings) > 0 {
			t.Errorf("%s: %.3f of %v find a mail, want %v to %v; warnings %q", test.why, got, sound.Passed, test.least, test.most, r.Warnings)
		}
	}
}

// TestLimitsOfADependency: limits of a mock also apply in the simulation.
func TestLimitsOfADependency(t *testing.T) {
	const dukcapil = "dukcapil: {kind: dukcapil, servers: 50,"
	sound := smokeWith(t, dukcapil, dukcapil)
	for _, test := range []struct {
		why, limit string
		holds      func(row report.FunnelRow, step report.StepRow) bool
	}{
		{
			"one connection lets one call through at a time", "servers: 50, connections: 1,",
			func(row report.FunnelRow, _ report.StepRow) bool { return row.Rejected > 0 && row.Passed > 0 },
		},
		{
			"a station that degrades takes longer", "servers: 1, degrades: {load: 1.5, factor: 8},",
			func(_ report.FunnelRow, step report.StepRow) bool {
				return step.ResponseTimePassedS.P99 > 4*sound.Steps[4].ResponseTimePassedS.P99
			},
		},
		{
			"a tenth of a quota lets a tenth through", "servers: 50, quota: 200, faults: [{fault: quota-cut, at: 0s, for: 1h, with: {quota: 10%}}],",
			func(row report.FunnelRow, _ report.StepRow) bool {
				return row.Passed+row.Declined <= 20 && row.Passed > 0
			},
		},
	} {
		r := smokeWith(t, dukcapil, "dukcapil: {kind: dukcapil, "+test.limit)
		if row := r.Funnel[4]; !test.holds(row, r.Steps[4]) || len(r.Warnings) > 0 {
			t.Errorf("%s: %+v, p99 %v; warnings %q", test.why, row, r.Steps[4].ResponseTimePassedS, r.Warnings)
		}
	}
}
