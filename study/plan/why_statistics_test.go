//go:build statistics

package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

// TestWhyNamesTheRegistry plays a tenth of the surge's first hours with a tenth of the servers. Under every
// plan the registry is the bottleneck, and the sentences say where people are stuck.
func TestWhyNamesTheRegistry(t *testing.T) {
	scenario, err := scenarios.Load("prakerja-2020")
	if err != nil {
		t.Fatal(err)
	}
	runs, _, err := setup.NewModels(scenario, setup.Options{Scale: 0.1, ScaleSystem: 0.1, To: 3 * time.Hour}, []string{"as-was", "async-verify", "waiting-room", "cache-bulkhead"})
	if err != nil {
		t.Fatal(err)
	}
	simulations, err := simulation.Study{Models: runs}.Play(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, stuck := range []string{"call:dukcapil turned away", "still waited at call:dukcapil", "still waited at step:identity", "call:dukcapil turned away"} {
		said := bottleneckText(simulations[i])
		if !strings.Contains(said, stuck) || !strings.Contains(said, "dukcapil was busiest") {
			t.Errorf("%s: %s; want %q and that dukcapil was busiest", runs[i].Scenario.Plan(), said, stuck)
		}
	}
}
