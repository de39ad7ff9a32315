//go:build statistics

package simulation

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// TestEveryPlanOfTheSurgeOnAnyWorkers: the nine plans, thinned, give the same bytes on one worker and
// on four.
func TestEveryPlanOfTheSurgeOnAnyWorkers(t *testing.T) {
	scenario, err := scenarios.Load("prakerja-2020")
	if err != nil {
		t.Fatal(err)
	}
	if len(scenario.Compare) != 9 {
		t.Fatalf("the surge compares %v, want nine plans", scenario.Compare)
	}
	runs, left, err := setup.NewModels(scenario, setup.Options{Scale: 0.003, ScaleSystem: 0.1, To: 2 * time.Hour}, nil)
	if err != nil || len(left) > 0 {
		t.Fatal(err, left)
	}
	for _, run := range runs {
		var texts [2][]byte
		for i, workers := range []int{1, 4} {
			simulation, err := Simulate(t.Context(), run, Settings{Replications: 2, Workers: workers})
			if err != nil {
				t.Fatal(err)
			}
			if texts[i], err = json.Marshal(simulation.Report); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(texts[0], texts[1]) {
			t.Errorf("plan %s differs between one worker and four", run.Scenario.Plan())
		}
	}
}
