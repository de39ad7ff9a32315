package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
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

// TestSurgePages compares the generated part of every page with its scenario and the stored predictions. The rest of a page
// is written by hand; it must have all sections.
func TestSurgePages(t *testing.T) {
	stored := predictions{}
	text, err := os.ReadFile(predictedFile)
	if err == nil {
		err = json.Unmarshal(text, &stored)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := surges(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		path := surgesFolder + name + ".md"
		page, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("the scenario %s has no page: %v", name, err)
			continue
		}
		before, rest, begun := strings.Cut(string(page), generatedBegin)
		_, after, ended := strings.Cut(rest, generatedEnd)
		if !begun || !ended {
			t.Errorf("%s has no generated part", path)
			continue
		}
		want := before + generatedBegin + generatedPart(all[name], stored[name]) + generatedEnd + after
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if string(page) != want {
			t.Errorf("%s is out of date; run: go test ./cmd/ombak -run TestSurge -update", path)
		}
		for _, section := range []string{"\n## Story\n", "\n## Published\n", "\n## Derived\n", "\n## Ours\n"} {
			if !strings.Contains(want, section) {
				t.Errorf("%s lacks the section %q", path, strings.TrimSpace(section))
			}
		}
	}
}

// generatedPart returns the facts, the published figures and the plans of a surge.
func generatedPart(scenario *scenarios.Scenario, predicted []report.Published) string {
	var b strings.Builder
	story, scale := scenario.Story, scaleOf(scenario)
	live := "simulated"
	if story.Live {
		live = "simulated, and live against the reference backend"
	}
	b.WriteString(units.Markdown("lllll", [][]string{{"where", "when", "sector", "outcome", "played"}, {story.Place, story.Date, story.Sector, story.Outcome, live}}))
	command := "ombak simulate " + scenario.Name
	if scale != 1 {
		command += fmt.Sprintf(" --scale %v --scale-system %v", scale, scale)
	}
	fmt.Fprintf(&b, "\n```\n%s\nombak scenario show %s --sources\n```\n\n## Published\n\n", command, scenario.Name)
	b.WriteString("A *hold-out* is no input of the model; what the model predicts stands beside it. Who built the model knew it. An *input* was used. *Context* was neither.\n\n")
	rows := [][]string{{"figure", "published", "who said it", "when", "used as", "predicted", "remark"}}
	for _, row := range scenario.Published {
		figure, value, said := units.Cell(row.Figure), row.Value, ""
		if row.Use == scenarios.UseHoldOut {
			figure, value = units.Code(row.Figure), render.PublishedValue(row.Figure, row.Value)
			said = predictedCell(row, predicted)
		} else if strings.Contains(row.Figure, ".passed") {
			figure, value = units.Code(row.Figure), render.PublishedValue(row.Figure, row.Value)
		}
		rows = append(rows, []string{figure, units.Cell(value), units.Cell(row.Source), units.Cell(row.At), row.Use, units.Cell(said), units.Cell(row.Note)})
	}
	b.WriteString(units.Markdown("lllllll", rows) + "\n## Plans\n\n")
	rows = [][]string{{"plan", "what it is"}}
	for _, plan := range scenario.Plans {
		rows = append(rows, []string{units.Code(plan.Name), units.Cell(plan.Description)})
	}
	b.WriteString(units.Markdown("ll", rows))
	return b.String()
}

func predictedCell(row scenarios.Published, predicted []report.Published) string {
	for _, found := range predicted {
		if found.Figure == row.Figure && found.Predicted != nil {
			return strings.TrimSuffix(found.Spelt+" ("+render.PublishedError(found)+")", " ()")
		}
	}
	return "not known"
}
