package main

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

const (
	surgesFolder   = "../../docs/surges/"
	predictedFile  = surgesFolder + "predicted.json"
	generatedBegin = "<!-- generated from the scenario: go test ./cmd/ombak -run TestSurge -update -->\n"
	generatedEnd   = "<!-- end of the generated part -->\n"
)

// predictions holds the published figures beside what the simulator gives, by scenario.
type predictions map[string][]report.Published

// TestSurgePredictions simulates every surge at the scale that its scenario states, and compares with the file from which the
// pages take their predictions. With -update it writes the file.
func TestSurgePredictions(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates every surge")
	}
	found := predictions{}
	for name, scenario := range surges(t) {
		if slices.ContainsFunc(scenario.Published, func(p scenarios.Published) bool { return p.Use == scenarios.UseHoldOut }) {
			found[name] = predict(t, scenario)
		}
	}
	text, err := json.MarshalIndent(found, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(predictedFile, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if stored, err := os.ReadFile(predictedFile); err != nil || string(stored) != string(text) {
		t.Errorf("%s is out of date (%v); run: go test ./cmd/ombak -run TestSurge -update", predictedFile, err)
	}
}

func predict(t *testing.T, scenario *scenarios.Scenario) []report.Published {
	t.Helper()
	scale := scaleOf(scenario)
	model, err := setup.NewModel(scenario, setup.Options{Scale: scale, ScaleSystem: scale})
	if err != nil {
		t.Fatal(err)
	}
	result, err := simulation.Simulate(context.Background(), model, simulation.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return result.Report.Published
}

func scaleOf(scenario *scenarios.Scenario) float64 {
	if scenario.Story.Scale == 0 {
		return 1
	}
	return scenario.Story.Scale
}

func surges(t *testing.T) map[string]*scenarios.Scenario {
	t.Helper()
	found := map[string]*scenarios.Scenario{}
	for _, name := range scenarios.Bundled() {
		scenario, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if scenario.Story.Known() {
			found[name] = scenario
		}
	}
	return found
}
