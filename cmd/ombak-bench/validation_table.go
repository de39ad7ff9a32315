package main

import (
	"fmt"
	"strings"
	"time"
)

// markdown writes what was reached, the model, and a table for each load.
func (v *validation) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nMeasured on %s, on %s; backend, mocks and generator on the same cores; %d runs of each load, of %v. The knee of %s, the highest rate of sign-ups that held, was found at %s; %s did not hold.\n", validationBegins, machine(), time.Now().UTC().Format("2006-01-02"), v.runs, v.length, v.scenario, rate(v.knee), rate(v.broke))
	b.WriteString("\n| to reach | bound | reached by | |\n|---|---|---|---|\n")
	for _, goal := range v.goals() {
		b.WriteString(goal)
	}
	fmt.Fprintf(&b, "\nA figure inside the spread of the measurement, from the least to the greatest run, is reached too.\n\n```\n%s\n```\nThe model that came out:\n```yaml\n%s```\n", strings.Join(v.played, "\n"), v.model)
	for _, load := range v.found {
		fmt.Fprintf(&b, "\n### %s\n\n", load.title)
		for _, warning := range load.findings.Warnings {
			fmt.Fprintf(&b, "> %s\n\n", warning)
		}
		for i, row := range load.findings.Rows() {
			b.WriteString("| " + strings.Join(row, " | ") + " |\n")
			if i == 0 {
				b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
			}
		}
	}
	fmt.Fprintf(&b, "\n%s\n", validationEnds)
	return b.String()
}

// goals says what of each kind of figure came near.
func (v *validation) goals() []string {
	always := func(unseen) bool { return true }
	held := func(u unseen) bool { return !u.beyond }
	light := func(u unseen) bool { return u.light }
	return []string{
		v.goal("saturation throughput", "10 %", "plateau.throughput", func(u unseen) bool { return u.beyond }),
		v.goal("throughput of each step", "10 %", ".throughput", held),
		v.goal("utilization", "5 points", ".utilization", held),
		v.goal("p50 below 85 % of the limit", "20 %", ".p50", light),
		v.goal("p99 below 85 % of the limit", "35 %", ".p99", light),
		v.goal("all figures of all loads", "as in the tables", "", always),
	}
}

func (v *validation) goal(name, bound, suffix string, counts func(unseen) bool) string {
	var near, all int
	for _, load := range v.found {
		if !counts(load) {
			continue
		}
		for _, p := range load.findings.Figures {
			if !strings.HasSuffix(p.Figure, suffix) {
				continue
			}
			all++
			if p.Near {
				near++
			}
		}
	}
	mark := "reached"
	switch {
	case all == 0:
		mark = "not measured"
	case near < all:
		mark = "**not reached**"
	}
	return fmt.Sprintf("| %s | %s | %d of %d figures | %s |\n", name, bound, near, all, mark)
}
