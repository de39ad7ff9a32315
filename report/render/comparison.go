package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/ombak-sim/ombak/report/baseline"
	"github.com/ombak-sim/ombak/units"
)

// Comparison writes the comparison for a terminal.
func Comparison(w io.Writer, c baseline.Comparison) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d pairs of runs, step %s, margin %s\n\n", c.Pairs, orNone(c.Step), units.Percent(c.Margin))
	rows := [][]string{{"figure", "base", "candidate", "change", "interval", "detectable", "verdict"}}
	for _, figure := range c.Figures {
		rows = append(rows, changeCells(figure))
	}
	b.WriteString(units.Table("lrrrrrl", rows))
	fmt.Fprintf(&b, "\n* decides. Change: candidate over base, Hodges–Lehmann. Interval: exact, each end "+
		"errs with probability %s at most.\n", units.Percent(c.Alpha))
	b.WriteString("Detectable: the smallest worsening that four of five such comparisons find.\n")
	for _, figure := range c.Figures {
		if figure.Gate && figure.Reason != "" {
			fmt.Fprintf(&b, "  %s %s: %s\n", figure.Figure, figure.Verdict, figure.Reason)
		}
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(&b, "  warning: %s\n", warning)
	}
	fmt.Fprintf(&b, "verdict: %s\n", c.Verdict)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the comparison: %w", err)
	}
	return nil
}

func changeCells(f baseline.Changed) []string {
	name := f.Figure
	if f.Gate {
		name += " *"
	}
	if f.Ratio == 0 {
		return []string{name, "–", "–", "–", "–", "–", string(f.Verdict)}
	}
	interval, least := "–", "–"
	if f.Interval != nil {
		interval = changeText(f.Interval[0]) + " … " + changeText(f.Interval[1])
	}
	if f.Detectable != nil {
		least = units.Percent(*f.Detectable)
	}
	write := units.Count
	if strings.Contains(f.Figure, "time") || strings.Contains(f.Figure, "lag") || strings.HasPrefix(f.Figure, "cpu_s") {
		write = units.Time
	}
	return []string{name, write(f.Base), write(f.Candidate), changeText(f.Ratio), interval, least, string(f.Verdict)}
}

// changeText writes a ratio of 1.1 as +10.0 %.
func changeText(ratio float64) string { return fmt.Sprintf("%+.1f %%", 100*(ratio-1)) }

// GateCheck writes the check of a gate for a terminal.
func GateCheck(w io.Writer, c baseline.GateCheck) error {
	_, err := fmt.Fprintf(w, "%d runs of one build, %d comparisons of %d pairs: %d false alarms (%s, 95 %% "+
		"interval %s to %s), %d inconclusive\nverdict: %s: chance explains at most %d\n",
		c.Runs, c.Comparisons, c.Pairs, c.Alarms, units.Percent(c.Rate), units.Percent(c.CI95[0]), units.Percent(c.CI95[1]), c.Inconclusive, c.Verdict, c.Allowed)
	return err
}
