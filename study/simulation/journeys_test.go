package simulation

import (
	"bytes"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// TestASimulatedShop plays the bundled shop, whose people browse or buy. Each replication divides them differently, and
// all that are scheduled at a step must come to it.
func TestASimulatedShop(t *testing.T) {
	result := simulateNamed(t, "shop", setup.Options{}, Settings{Replications: 4, Workers: 2})
	r := result.Report
	rows := map[string]report.FunnelRow{}
	for _, row := range r.Funnel {
		rows[row.Step] = row
	}
	login, home := r.Offered.ByStep["login"].Scheduled, r.Offered.ByStep["home"].Scheduled
	if login != rows["login"].Entered || login+home != r.Offered.Scheduled || login == 0 || home == 0 {
		t.Errorf("%v are scheduled at login and %v at home, of %v; %v entered login", login, home, r.Offered.Scheduled, rows["login"].Entered)
	}
	finished := 0.0
	for _, way := range r.Transitions {
		if way.To == report.WalkEnd && (way.From == "pay" || way.From == "product") {
			finished += way.People
		}
	}
	mean := 0.0
	for _, replication := range result.Replications {
		mean += replication.Finished / 4
		if replication.Lost != 0 {
			t.Errorf("%v people were lost", replication.Lost)
		}
	}
	if finished == 0 || mean != finished {
		t.Errorf("%v people finished on average, want those who ended after paying or looking at products, %v", mean, finished)
	}
	if !bytes.Equal(written(t, result), written(t, simulateNamed(t, "shop", setup.Options{}, Settings{Replications: 4, Workers: 1}))) {
		t.Error("one worker and two write different reports")
	}
}
