//go:build linux

package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/units"
)

// accuracyGoal is how near a prediction should come, on average over steps.
type accuracyGoal struct {
	figure  string
	heldOut string
	bands   []string
	allowed float64 // relative; of utilization in points
	noises  float64 // where this many times the noise is larger, that is allowed
}

func accuracyGoals() []accuracyGoal {
	held, high, beyond := []string{bandLight, bandMiddle}, []string{bandHigh}, []string{bandBeyond}
	return []accuracyGoal{
		{"p50", heldLoad, held, 0.08, 0},
		{"p99", heldLoad, held, 0.10, 0},
		{figureUtilization, heldLoad, held, 0.03, 0},
		{"throughput", heldLoad, held, 0.01, 0},
		{"p50", heldLoad, high, 0.15, 1.5},
		{"p99", heldLoad, high, 0.20, 1.5},
		{"throughput", heldLoad, beyond, 0.03, 0},
		{"goodput", heldLoad, beyond, 0.10, 0},
		{"p99", heldLoad, beyond, 0.25, 0},
		{figureEffect, heldGate, beyond, 0.10, 0},
	}
}

// counts reports whether the goal is about a row.
func (g accuracyGoal) counts(row accuracyRow) bool {
	return row.Figure == g.figure && row.HeldOut == g.heldOut && slices.Contains(g.bands, row.Band)
}

// reached compares the error of some rows with the goal. Nothing is known without rows.
func (g accuracyGoal) reached(rows []accuracyRow) (text string, reached bool) {
	size, noise, n := meanOf(rows, g.counts)
	if n == 0 {
		return "–", false
	}
	if text = errorText(g.figure, size); size <= max(g.allowed, g.noises*noise) {
		return text, true
	}
	return "**" + text + "**", false
}

// bandText names the bands of a goal.
func (g accuracyGoal) bandText() string {
	if len(g.bands) > 1 {
		return "to 85 %"
	}
	return g.bands[0]
}

// errorText writes an error, in points of a utilization.
func errorText(figure string, size float64) string {
	unit := "%"
	if figure == figureUtilization {
		unit = "points"
	}
	if size < 0.0995 {
		return fmt.Sprintf("%.1f %s", 100*size, unit)
	}
	return fmt.Sprintf("%.0f %s", 100*size, unit)
}

// valueText writes the value of a figure.
func valueText(figure string, value float64) string {
	switch figure {
	case "p50", "p95", "p99":
		return units.Time(value)
	case figureUtilization:
		return units.Percent(value)
	case figureEffect:
		return fmt.Sprintf("%.2f ×", value)
	}
	return units.Amount(value)
}

// markdown writes the tables of the page.
func (b accuracyBoard) markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\n", accuracyBegins)
	b.writeServices(&text)
	b.writeGoals(&text)
	for _, service := range b.Services {
		if service.Skipped == "" {
			b.writeService(&text, service)
		}
	}
	b.writeWorst(&text)
	fmt.Fprintf(&text, "%s\n", accuracyEnds)
	return text.String()
}

// writeServices says what was measured, where, and how certain the knee is.
func (b accuracyBoard) writeServices(text *strings.Builder) {
	text.WriteString("| service | version | the knee, visits per second | apart by | loads | measured |\n|---|---|---|---|---|---|\n")
	for _, s := range b.Services {
		if s.Skipped != "" {
			fmt.Fprintf(text, "| %s | not measured: %s | | | | |\n", s.Name, s.Skipped)
			continue
		}
		var found []string
		for _, knee := range s.KneePerS {
			found = append(found, units.Rate(knee))
		}
		_, spread := kneeOf(s.KneePerS)
		fmt.Fprintf(text, "| %s | %s | %s | %.0f %% | %d runs of %.3g s each | %s, on %s |\n", s.Name, s.Version, strings.Join(found, ", "), 100*spread, s.Runs, s.ForS, s.Measured, s.Machine)
	}
	for _, s := range b.Services {
		if doubt := s.doubt(); doubt != "" {
			fmt.Fprintf(text, "\n**%s was measured %s, so its errors say little about the model.**\n", s.Name, doubt)
		}
	}
}

// doubt says why the figures of a service should not be relied on, or nothing.
func (s accuracyService) doubt() string {
	const wanted, most = 6, 0.25 // runs of each load, and cores that others may use
	var reasons []string
	if s.Skipped == "" && s.Runs < wanted {
		reasons = append(reasons, fmt.Sprintf("with %d runs of each load instead of %d", s.Runs, wanted))
	}
	others := 0.
	for _, c := range s.Conditions {
		if strings.HasPrefix(c.Case, "load-") { // elsewhere, the gate is among the others
			others = max(others, c.OthersCores)
		}
	}
	if others > most {
		reasons = append(reasons, fmt.Sprintf("while programs outside the run used up to %.1f cores", others))
	}
	return strings.Join(reasons, " and ")
}

// writeGoals holds the mean error of each service against the goals.
func (b accuracyBoard) writeGoals(text *strings.Builder) {
	text.WriteString("\n### Goals\n\nThe mean size of the error over steps. Bold figures miss the goal.\n\n| figure | load, of the knee | goal |")
	rule := "\n|---|---|---|"
	for _, s := range b.Services {
		text.WriteString(" " + s.Name + " |")
		rule += "---|"
	}
	text.WriteString(rule + "\n")
	reached, all := 0, 0
	for _, g := range accuracyGoals() {
		allowed := errorText(g.figure, g.allowed)
		if g.noises > 0 {
			allowed += fmt.Sprintf(", or %.1f × noise", g.noises)
		}
		name := g.figure
		if name == figureEffect {
			name = "effect of a plan on goodput"
		}
		fmt.Fprintf(text, "| %s | %s | %s |", name, g.bandText(), allowed)
		for _, s := range b.Services {
			cell, is := g.reached(b.rowsOf(s.Name))
			fmt.Fprintf(text, " %s |", cell)
			if cell != "–" {
				all++
			}
			if is {
				reached++
			}
		}
		text.WriteString("\n")
	}
	fmt.Fprintf(text, "\n%d of %d goals are reached.\n", reached, all)
}

func (b accuracyBoard) rowsOf(service string) []accuracyRow {
	return slices.DeleteFunc(slices.Clone(b.Rows), func(r accuracyRow) bool { return r.Service != service })
}

// writeService writes the errors of one service: a row for each case, a column for each figure.
func (b accuracyBoard) writeService(text *strings.Builder, s accuracyService) {
	figures := []string{"p50", "p95", "p99", "throughput", figureUtilization, "goodput", "people", figureEffect}
	fmt.Fprintf(text, "\n### %s\n\n| held out | load, of the knee | %s |\n|---|---|%s\n", s.Name, strings.Join(figures, " | "), strings.Repeat("---|", len(figures)))
	rows := b.rowsOf(s.Name)
	for _, heldOut := range []string{heldLoad, heldMix, heldGate, heldCore} {
		for _, band := range []string{bandLight, bandMiddle, bandHigh, bandBeyond} {
			line, any := fmt.Sprintf("| %s | %s |", heldOut, band), false
			for _, figure := range figures {
				size, noise, n := meanOf(rows, func(r accuracyRow) bool {
					return r.HeldOut == heldOut && r.Band == band && r.Figure == figure
				})
				if n == 0 {
					line += " |"
					continue
				}
				any = true
				line += fmt.Sprintf(" %s (%s) |", errorText(figure, size), errorText(figure, noise))
			}
			if any {
				text.WriteString(line + "\n")
			}
		}
	}
	writeConditions(text, s.Conditions)
	if len(s.Warnings) > 0 {
		text.WriteString("\nThe fit warned:\n\n")
		for _, warning := range s.Warnings {
			fmt.Fprintf(text, "- %s\n", warning)
		}
	}
}

// writeConditions says what the machine was like.
func writeConditions(text *strings.Builder, conditions []accuracyCondition) {
	text.WriteString("\n| case | CPU of the machine in use | by programs outside the run, cores | generator late, p99 |\n|---|---|---|---|\n")
	for _, c := range conditions {
		fmt.Fprintf(text, "| %s | %.0f %% | %.2f | %.1f ms |\n", c.Case, 100*c.CPUShare, c.OthersCores, 1000*c.LagP99S)
	}
}

// writeWorst lists the figures that are farthest off, measured by their noise.
func (b accuracyBoard) writeWorst(text *strings.Builder) {
	const most = 12
	off := func(r accuracyRow) float64 {
		return math.Abs(errorOf(r.Figure, r.Predicted, r.Measured)) - 2*r.Noise
	}
	worst := slices.SortedStableFunc(slices.Values(b.Rows), func(a, b accuracyRow) int { return cmp.Compare(off(b), off(a)) })
	text.WriteString("\n### Farthest off\n\nThe figures whose error exceeds twice the noise by most.\n\n| service | held out | load | figure | predicted | measured | error | noise |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range worst[:min(most, len(worst))] {
		if off(r) <= 0 {
			break
		}
		miss := errorOf(r.Figure, r.Predicted, r.Measured)
		sign := map[bool]string{true: "+", false: "−"}[miss >= 0]
		fmt.Fprintf(text, "| %s | %s | %s | %s.%s | %s | %s | %s%s | %s |\n", r.Service, r.HeldOut, r.Band, r.Step, r.Figure, valueText(r.Figure, r.Predicted), valueText(r.Figure, r.Measured), sign, errorText(r.Figure, math.Abs(miss)), errorText(r.Figure, r.Noise))
	}
	text.WriteString("\n")
}
