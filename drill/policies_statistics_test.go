//go:build statistics

package drill

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
)

// TestWhyNamesTheRegistry: a tenth of the surge's first hours with a tenth of the servers. Whatever the
// plan, the registry is what bounds it, and the words say where people are stuck.
func TestWhyNamesTheRegistry(t *testing.T) {
	scenario, err := scenarios.Load("prakerja-2020")
	if err != nil {
		t.Fatal(err)
	}
	runs, _, err := NewSimulations(scenario, Options{Scale: 0.1, ScaleSystem: 0.1, To: 3 * time.Hour}, []string{"as-was", "async-verify", "waiting-room", "cache-bulkhead"})
	if err != nil {
		t.Fatal(err)
	}
	simulations, err := Study{Runs: runs}.Play(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, stuck := range []string{"call:dukcapil turned away", "still waited at call:dukcapil", "still waited at step:identity", "call:dukcapil turned away"} {
		said := bottleneckOf(simulations[i])
		if !strings.Contains(said, stuck) || !strings.Contains(said, "dukcapil was busiest") {
			t.Errorf("%s: %s; want %q and that dukcapil was busiest", runs[i].Scenario.Plan(), said, stuck)
		}
	}
}

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
	runs, left, err := NewSimulations(scenario, Options{Scale: 0.003, ScaleSystem: 0.1, To: 2 * time.Hour}, nil)
	if err != nil || len(left) > 0 {
		t.Fatal(err, left)
	}
	for _, run := range runs {
		var texts [2][]byte
		for i, workers := range []int{1, 4} {
			simulation, err := Simulate(t.Context(), run, Simulating{Replications: 2, Workers: workers})
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
