package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/units"
)

// plansFile holds what every plan of every surge gives; TestSurgePlans of study/plan writes it.
const plansFile = surgesFolder + "plans.json"

// given is what one plan gives, at the scale of the event.
type given struct {
	Plan     string         `json:"plan"`
	Came     float64        `json:"came"`
	Finished float64        `json:"finished"`
	Verdict  report.Verdict `json:"verdict"`
}

// TestSurgePages compares the generated part of every page with its scenario, the stored predictions and the stored results
// of its plans. The rest of a page is written by hand; it must have all sections.
func TestSurgePages(t *testing.T) {
	stored, plans := predictions{}, map[string][]given{}
	readJSON(t, predictedFile, &stored)
	readJSON(t, plansFile, &plans)
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
		want := before + generatedBegin + generatedPart(all[name], stored[name], plans[name]) + generatedEnd + after
		updated(t, path, string(page), want)
		for _, section := range []string{"\n## Story\n", "\n## Published\n", "\n## Plans\n", "\n## Derived\n", "\n## Ours\n"} {
			if !strings.Contains(want, section) {
				t.Errorf("%s lacks the section %q", path, strings.TrimSpace(section))
			}
		}
		for _, plan := range all[name].Plans {
			if !slices.ContainsFunc(plans[name], func(g given) bool { return g.Plan == plan.Name }) {
				t.Errorf("%s lacks the plan %s of %s; run: go test -tags statistics ./study/plan -run TestSurgePlans -update", plansFile, plan.Name, name)
			}
		}
	}
}

// TestSurgeTables compares the tables of surges in README.md and docs/README.md with the scenarios: what became of the
// service, the scale of the predictions, and the names of plans.
func TestSurgeTables(t *testing.T) {
	all := surges(t)
	for _, table := range []struct {
		path, folder  string
		became, scale int // columns; 0 means none
	}{
		{"../../README.md", "docs/surges/", 3, 5},
		{"../../docs/README.md", "surges/", 2, 0},
	} {
		page, err := os.ReadFile(table.path)
		if err != nil {
			t.Fatal(err)
		}
		link := regexp.MustCompile(`^\| \[[^]]*\]\(` + table.folder + `([a-z0-9-]+)\.md\) \|`)
		lines, found := strings.Split(string(page), "\n"), map[string]bool{}
		for i, line := range lines {
			parts := link.FindStringSubmatch(line)
			if parts == nil {
				continue
			}
			scenario := all[parts[1]]
			if scenario == nil {
				t.Errorf("%s: %s is no surge", table.path, parts[1])
				continue
			}
			found[scenario.Name] = true
			cells := strings.Split(line, " | ")
			last := len(cells) - 1
			cells[last] = strings.TrimSuffix(cells[last], " |")
			cells[table.became-1] = units.Cell(scenario.Story.Became())
			if table.scale > 0 {
				cells[table.scale-1] = scaleText(scenario)
				checkPlans(t, scenario, cells[table.scale-2])
			}
			lines[i] = strings.Join(cells, " | ") + " |"
		}
		if len(found) != len(all) {
			t.Errorf("%s lists %d of %d surges", table.path, len(found), len(all))
		}
		updated(t, table.path, string(page), strings.Join(lines, "\n"))
	}
}

// checkPlans requires that a cell names a plan of the scenario, and nothing else as code.
func checkPlans(t *testing.T, scenario *scenarios.Scenario, cell string) {
	t.Helper()
	names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1)
	for _, name := range names {
		if !slices.ContainsFunc(scenario.Plans, func(p scenarios.Plan) bool { return p.Name == name[1] }) {
			t.Errorf("README.md: %s is no plan of %s", name[1], scenario.Name)
		}
	}
	if len(names) == 0 {
		t.Errorf("README.md names no plan of %s", scenario.Name)
	}
}

// updated writes a page with -update, and otherwise reports that it is out of date.
func updated(t *testing.T, path, page, want string) {
	t.Helper()
	switch {
	case page == want:
	case !*update:
		t.Errorf("%s is out of date; run: go test ./cmd/ombak -run TestSurge -update", path)
	default:
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func scaleText(scenario *scenarios.Scenario) string {
	return units.Number(100*scaleOf(scenario)) + " %"
}

// generatedPart returns the facts, the published figures and the plans of a surge.
func generatedPart(scenario *scenarios.Scenario, predicted []report.Published, plans []given) string {
	var b strings.Builder
	story := scenario.Story
	live := "simulated"
	if story.Live {
		live = "simulated, and live against the reference backend"
	}
	b.WriteString(units.Markdown("llllll", [][]string{
		{"where", "when", "sector", "what became of it", "how you can play it", "scale of the simulated figures"},
		{story.Place, story.Date, story.Sector, story.Became(), live, scaleText(scenario) + " of the people and of the system"},
	}))
	compare := strings.Replace(commandOf(scenario), "simulate", "plan", 1)
	fmt.Fprintf(&b, "\n```\n%s\n%s\n```\n\n## Published\n\n", commandOf(scenario), compare)
	b.WriteString(sourcesText(scenario))
	b.WriteString(publishedTable(scenario, predicted))
	b.WriteString("\n## Plans\n\n" + plansText(scenario, plans))
	return b.String()
}

// sourcesText says who published the figures, and what is not known of that.
func sourcesText(scenario *scenarios.Scenario) string {
	first := scenario.Published[0]
	text := fmt.Sprintf("Source of the figures: %s; %s. ", first.Source, first.At)
	if strings.HasSuffix(first.At, " or later") {
		text += "*Or later*: the project knows when it happened, not when it was said. "
	}
	return text + "The project keeps the figures of an event and the names of those who said them. It does not keep who of them said which figure, nor titles or addresses.\n\n"
}

// publishedTable lays out the published figures, beside predictions if some are held out.
func publishedTable(scenario *scenarios.Scenario, predicted []report.Published) string {
	const ours = "how we read and use it (ours)"
	if len(predicted) == 0 {
		rows := [][]string{{"figure", "published", "used as", ours}}
		for _, row := range scenario.Published {
			rows = append(rows, []string{figureCell(row), units.Cell(render.PublishedValue(row.Figure, row.Value)), row.Use, units.Cell(row.Note)})
		}
		return "An *input* was used by the model, *context* was not. No figure is held out, so nothing here tests the model.\n\n" + units.Markdown("llll", rows)
	}
	rows := [][]string{{"figure", "published", "used as", "predicted", ours}}
	for _, row := range scenario.Published {
		said := ""
		if row.Use == scenarios.UseHoldOut {
			said = predictedCell(row, predicted)
		}
		rows = append(rows, []string{figureCell(row), units.Cell(render.PublishedValue(row.Figure, row.Value)), row.Use, units.Cell(said), units.Cell(row.Note)})
	}
	return "A *hold-out* is no input of the model; what the model predicts stands beside it. The people who built the model knew the figure, so this is not a blind test. An *input* was used. *Context* was neither.\n\n" + units.Markdown("lllll", rows)
}

func figureCell(row scenarios.Published) string {
	if row.Words == "" {
		return units.Cell(row.Figure)
	}
	return units.Cell(row.Words) + " (" + units.Code(row.Figure) + ")"
}

func predictedCell(row scenarios.Published, predicted []report.Published) string {
	for _, found := range predicted {
		if found.Figure == row.Figure && found.Predicted != nil {
			return strings.TrimSuffix(found.Spelt+" ("+render.PublishedError(found)+")", " ()")
		}
	}
	return "not known"
}

// plansText lays out what each plan gives.
func plansText(scenario *scenarios.Scenario, plans []given) string {
	var conditions []string
	for _, threshold := range scenario.Thresholds {
		conditions = append(conditions, units.Code(threshold.Source))
	}
	last := scenario.Journey[len(scenario.Journey)-1].Name
	first := "The first plan retells what happened."
	if scenario.Story.Outcome == "unknown" {
		first = "The first plan changes nothing."
	}
	text := fmt.Sprintf("In the model %s people come. %s Every plan is simulated once, with the same people; *finish* means to pass %s, the last step. `ombak plan` simulates more often, so its verdict may differ where a plan is near a threshold. The thresholds are ours: %s.\n\n",
		units.Number(plans[0].Came), first, units.Code(last), strings.Join(conditions, ", "))
	rows := [][]string{{"plan", "what it is", "people who finish", "of those who come", "thresholds"}}
	for _, plan := range scenario.Plans {
		found := plans[max(0, slices.IndexFunc(plans, func(g given) bool { return g.Plan == plan.Name }))]
		verdict := map[report.Verdict]string{report.Pass: "hold", report.Fail: "do not hold"}[found.Verdict]
		rows = append(rows, []string{units.Code(plan.Name), units.Cell(plan.Description), units.Number(found.Finished), fmt.Sprintf("%.1f %%", 100*found.Finished/found.Came), cmp.Or(verdict, string(found.Verdict))})
	}
	return text + units.Markdown("llrrl", rows)
}
