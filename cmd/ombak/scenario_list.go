package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/units"
)

// withoutStory heads the scenarios that retell no event of the library.
const withoutStory = "the reference surge, and examples"

// listScenarios lists the bundled scenarios with their plans, in groups by sector and outcome.
func listScenarios(s streams) error {
	groups := map[string][][]string{}
	for _, name := range scenarios.Bundled() {
		scenario, err := loadScenario(name)
		if err != nil {
			return err
		}
		group := groupOf(scenario.Story)
		groups[group] = append(groups[group], []string{name, scenario.Title})
		for _, plan := range scenario.Plans {
			groups[group] = append(groups[group], []string{"  --plan " + plan.Name, plan.Description})
		}
	}
	var texts []string
	for _, group := range groupsInOrder(groups) {
		texts = append(texts, group+":\n"+units.Table("", groups[group]))
	}
	_, err := io.WriteString(s.out, strings.Join(texts, "\n"))
	return err
}

func groupOf(story scenarios.Story) string {
	if !story.Known() {
		return withoutStory
	}
	return story.Sector + ", " + story.Outcome
}

// groupsInOrder sorts groups by name, those without an event first.
func groupsInOrder(groups map[string][][]string) []string {
	var names []string
	for name := range groups {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a == withoutStory), rank(b == withoutStory)), cmp.Compare(a, b))
	})
	return names
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func sourcesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "sources", Usage: "print what was published instead: each figure, who said it, when, and what the model uses it for", EnvVars: envVar("sources")}
}

// showSources prints the sources and the published figures of a scenario, and the description, which says what is derived
// and what is ours.
func showSources(s streams, scenario *scenarios.Scenario) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", scenario.Name, scenario.Title)
	if story := scenario.Story; story.Known() {
		fmt.Fprintf(&b, "%s, %s; %s; %s\n", story.Place, story.Date, story.Sector, story.Became())
	}
	for _, source := range scenario.Sources {
		fmt.Fprintf(&b, "source: %s\n", source)
	}
	if len(scenario.Published) == 0 {
		b.WriteString("The file lists no published figures under published; see its description: ombak scenario show " + scenario.Name + "\n")
		_, err := io.WriteString(s.out, b.String())
		return err
	}
	rows := [][]string{{"figure", "published", "used as", "who said it", "when", "how we read and use it (ours)"}}
	compared := false
	for _, row := range scenario.Published {
		figure := row.Figure
		if row.Words != "" {
			figure += ": " + row.Words
		}
		compared = compared || row.Use == scenarios.UseHoldOut
		rows = append(rows, []string{figure, render.PublishedValue(row.Figure, row.Value), row.Use, row.Source, row.At, row.Note})
	}
	b.WriteString("\n" + units.Table("", rows))
	if scenario.Description != "" {
		b.WriteString("\n" + strings.TrimSpace(scenario.Description) + "\n")
	}
	if compared {
		b.WriteString("\nTo see predictions beside the hold-outs: " + commandOf(scenario) + "\n")
	}
	_, err := io.WriteString(s.out, b.String())
	return err
}

// commandOf returns the command that plays a scenario at the scale that its story states.
func commandOf(scenario *scenarios.Scenario) string {
	command := "ombak simulate " + scenario.Name
	if scale := scenario.Story.Scale; scale != 0 && scale != 1 {
		command += fmt.Sprintf(" --scale %v --scale-system %v", scale, scale)
	}
	return command
}
