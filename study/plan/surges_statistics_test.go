//go:build statistics

package plan

import (
	"cmp"
	"encoding/json"
	"flag"
	"math"
	"os"
	"sync"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

var update = flag.Bool("update", false, "rewrite what the plans of the surges give")

// givenFile holds what the plans of every surge give; the pages of docs/surges show it.
const givenFile = "../../docs/surges/plans.json"

// given is what one plan of a surge gives, at the scale of the event.
type given struct {
	Plan     string         `json:"plan"`
	Came     float64        `json:"came"`     // people
	Finished float64        `json:"finished"` // people who passed the last step
	Verdict  report.Verdict `json:"verdict"`  // on the thresholds of the scenario
}

// TestSurgePlans plays every plan of every surge once, at the scale that the scenario states, and compares with the file from
// which the pages take what the plans give. With -update it writes the file.
func TestSurgePlans(t *testing.T) {
	found, mutex := map[string][]given{}, sync.Mutex{}
	t.Run("surges", func(t *testing.T) {
		for _, name := range scenarios.Bundled() {
			scenario, err := scenarios.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if !scenario.Story.Known() {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				plans := playSurge(t, scenario)
				mutex.Lock()
				defer mutex.Unlock()
				found[name] = plans
			})
		}
	})
	if t.Failed() {
		return
	}
	text, err := json.MarshalIndent(found, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(givenFile, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if stored, err := os.ReadFile(givenFile); err != nil || string(stored) != string(text) {
		t.Errorf("%s is out of date (%v); run: go test -tags statistics ./study/plan -run TestSurgePlans -update, and then: go test ./cmd/ombak -run TestSurgePages -update", givenFile, err)
	}
}

// playSurge plays each plan of a surge once.
func playSurge(t *testing.T, scenario *scenarios.Scenario) (plans []given) {
	t.Helper()
	scale := cmp.Or(scenario.Story.Scale, 1)
	for _, plan := range scenario.Plans {
		model, err := setup.NewModel(scenario, setup.Options{Plan: plan.Name, Scale: scale, ScaleSystem: scale})
		if err != nil {
			t.Fatal(err)
		}
		result, err := simulation.Simulate(t.Context(), model, simulation.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, given{
			Plan: plan.Name, Came: math.Round(float64(result.Report.Offered.Scheduled) / scale),
			Finished: math.Round(result.Replications[0].Finished / scale), Verdict: result.Report.Verdict,
		})
	}
	return plans
}
