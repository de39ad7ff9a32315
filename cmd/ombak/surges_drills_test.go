//go:build drills

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
)

// unhurried makes no run invalid, however slow the machine is.
const unhurried = "\nvalidity: {lag_p99: 1h, dropped: 1, unsent: 1, dial: 1, cpu: 1, steal: 1, gc_pause: 1h, pacing: 1}\n"

// liveSurge is a few seconds of a surge against the reference backend.
type liveSurge struct {
	name    string
	flags   string
	last    string            // the step that people come for
	changes map[string]string // of the scenario's text, by pattern
	sold    int               // how many there are to book; 0 means that nothing is booked
}

// liveSurges lists the surges whose story says that they play live.
func liveSurges() []liveSurge {
	return []liveSurge{
		{name: "voter-2016", flags: "--window 20h30m..20h50m --speed 600 --scale 0.001", last: "submit"},
		{name: "furlough-2020", flags: "--window 0s..20m --speed 600 --scale 0.001", last: "claim"},
		{name: "cerb-2020", flags: "--window 8h..8h20m --speed 600 --scale 0.002", last: "claim"},
		{
			name: "booking-2021", flags: "--window 1h..1h20m --speed 600 --scale 0.001", last: "book", sold: 20,
			changes: map[string]string{`vaccination: 2000000`: "vaccination: 20"},
		},
		{name: "cowin-2021", flags: "--window 0s..2m --speed 60 --scale 0.0003", last: "register", changes: map[string]string{
			`every: 20s`: "every: 200ms", // people look at their phones in real time
			`service: exponential\(1s\), delivery: "lognormal\(median=5s, p95=20s\)"`: "service: exponential(20ms), delivery: exponential(50ms)",
		}},
	}
}

// TestSurgesPlayLive plays each surge that says so. People pass its last step, nothing is lost, and no more is booked than there is.
func TestSurgesPlayLive(t *testing.T) {
	played := map[string]bool{}
	for _, surge := range liveSurges() {
		played[surge.name] = true
		t.Run(surge.name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			folder := t.TempDir()
			r := surge.play(t, folder)
			passed, entered, declined := 0, 0, 0
			for _, step := range r.Funnel {
				if step.Step == surge.last {
					passed, entered, declined = int(step.Passed), int(step.Entered), int(step.Declined)
				}
			}
			if passed == 0 || r.Reconciliation == nil || r.Reconciliation.Lost != 0 || r.Reconciliation.Duplicates != 0 || r.Reconciliation.Acknowledged == 0 || r.Reconciliation.Booked != int64(surge.sold) {
				t.Fatalf("%d of %d people have passed %s; the store: %+v", passed, entered, surge.last, r.Reconciliation)
			}
			stocks, err := store.AuditStocks(t.Context(), filepath.Join(folder, "out", "ombak.db"))
			if err != nil {
				t.Fatal(err)
			}
			if surge.sold == 0 {
				if passed < entered*9/10 || len(stocks) > 0 {
					t.Errorf("%d of %d people have passed %s; stocks: %v", passed, entered, surge.last, stocks)
				}
				return
			}
			if len(stocks) != 1 || !stocks[0].Sound() || stocks[0].Bookings != surge.sold || passed != surge.sold || declined == 0 {
				t.Errorf("%d passed and %d were declined of %d people, with %d to book: %+v", passed, declined, entered, surge.sold, stocks)
			}
		})
	}
	for name, scenario := range surges(t) {
		if scenario.Story.Live && !played[name] {
			t.Errorf("%s says that it plays live, and is not tried", name)
		}
	}
}

// play plays the surge and returns the report.
func (s liveSurge) play(t *testing.T, folder string) (r report.Report) {
	t.Helper()
	scenario, err := scenarios.Load(s.name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(scenario.Source())
	for pattern, with := range s.changes {
		changed := regexp.MustCompile(pattern).ReplaceAllLiteralString(text, with)
		if changed == text {
			t.Fatalf("nothing in %s is like %s", s.name, pattern)
		}
		text = changed
	}
	if err := os.WriteFile(filepath.Join(folder, "surge.yaml"), []byte(text+unhurried), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("ombak", append([]string{"drill", "surge.yaml", "--out", "out", "--json", "--quiet"}, strings.Fields(s.flags)...)...)
	command.Dir = folder
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v\n%s%s", err, out, &said)
	}
	if code := command.ProcessState.ExitCode(); code != 0 && code != exitBreached && code != exitInconclusive { // few people decide nothing, and time is the machine's
		t.Fatalf("%v\n%s", err, &said)
	}
	return r
}
