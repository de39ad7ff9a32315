package render

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// terminalWidth is the widest funnel table, in characters.
const terminalWidth = 100

// Text writes the funnel table and the verdict for a terminal.
func Text(w io.Writer, r report.Report) error {
	var b strings.Builder
	b.WriteString(runTitle(r) + "\n\n")
	b.WriteString(funnelTable(r))
	b.WriteString("p50, p99: response time of passed and timed-out attempts, from the intended instant\n")
	b.WriteString(loadAndCost(r))
	b.WriteString(fleetTable(r))
	b.WriteString(placedTable(r))
	b.WriteString(stationTable(r))
	b.WriteString(overloadText(r.Overload))
	if r.Steady != nil {
		b.WriteString("steady state: " + visible(r.Steady.Sentence) + "\n")
	}
	b.WriteString(publishedText(r.Published))
	b.WriteString(hadWeNotText(r))
	fmt.Fprintf(&b, "verdict: %s\n", headline(r))
	for _, reason := range r.Invalid {
		b.WriteString("  invalid: " + visible(reason) + "\n")
	}
	for _, threshold := range r.Thresholds {
		fmt.Fprintf(&b, "  %-12s %s%s\n", mark(threshold), visible(threshold.Source), visible(prefixed(": ", threshold.Reason)))
	}
	for _, warning := range r.Warnings {
		b.WriteString("  warning: " + visible(warning) + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the funnel: %w", err)
	}
	return nil
}

// headline returns the verdict, and if the run passes, the number of warnings, or that nothing was asked of it.
func headline(r report.Report) string {
	warnings := len(r.Warnings)
	for _, judged := range r.Thresholds {
		if judged.Severity == funnel.Warn && judged.Verdict != report.Pass {
			warnings++
		}
	}
	switch {
	case r.Verdict == report.Pass && warnings == 0 && len(r.Thresholds) == 0:
		return "pass, as no threshold was given"
	case r.Verdict != report.Pass || warnings == 0:
		return string(r.Verdict)
	case warnings == 1:
		return "pass, with 1 warning"
	}
	return fmt.Sprintf("pass, with %d warnings", warnings)
}

// loadAndCost describes the load offered, its lag, and the cost of each process of a live run.
func loadAndCost(r report.Report) string {
	text := fmt.Sprintf("offered: %s people, %s sent, %s dropped", units.Count(r.Offered.Scheduled), units.Count(r.Offered.Sent), units.Count(r.Offered.Dropped)) + lostOf(r.Offered)
	if r.Generator == nil {
		return text + "\n\n"
	}
	if lag := r.Generator.ScheduleLagS; lag != nil {
		text += fmt.Sprintf("; sent late by %s (p99), %s at most", units.Time(lag.P99), units.Time(lag.Max))
	}
	var costs []string
	if r.Generator.CPUS != nil {
		costs = append(costs, "generator "+units.Time(*r.Generator.CPUS))
	}
	for _, process := range r.Processes {
		if process.CPUS != nil {
			costs = append(costs, visible(process.Name)+" "+units.Time(*process.CPUS))
		}
	}
	return text + prefixed("\nmachine: ", shortage(r)) + prefixed("\nTLS handshakes: ", strings.Join(handshakes(r.Generator.Handshakes), ", ")) + wire(*r.Generator) + prefixed("\nCPU: ", strings.Join(costs, ", ")) + "\n\n"
}

// shortage says what of the machine was short, or that nothing was. It is "" if the machine was not read.
func shortage(r report.Report) string {
	if r.Machine == nil || r.Machine.Usage == nil {
		return ""
	}
	sentence := visible(r.Machine.Usage.Sentence)
	if len(r.Fleet) > 0 {
		sentence += " (the conductor's machine; a table has those of the agents)"
	}
	return sentence
}

// handshakes says how many TLS handshakes of each kind there were, and how long they took.
func handshakes(h *report.Handshakes) (kinds []string) {
	if h == nil {
		return nil
	}
	for _, kind := range []struct {
		name string
		n    float64
		mean *float64
	}{{"full", h.Full, h.FullMeanS}, {"resumed", h.Resumed, h.ResumedMeanS}} {
		if kind.n > 0 && kind.mean != nil {
			kinds = append(kinds, fmt.Sprintf("%s %s (%s each)", units.Count(kind.n), kind.name, units.Time(*kind.mean)))
		}
	}
	return kinds
}

// visible escapes characters that would move the cursor or change the reading direction, as Go does.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// mark returns the verdict on a threshold, or warn if a broken threshold only warns.
func mark(j report.Judgement) string {
	if j.Severity == "warn" && j.Verdict != report.Pass {
		return "warn"
	}
	return string(j.Verdict)
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// runTitle names the scenario, plan, engine, duration and replications.
func runTitle(r report.Report) string {
	plan := r.Plan
	if plan == "" {
		plan = "no plan"
	}
	text := fmt.Sprintf("%s · %s · %s · %s", visible(r.Scenario.Name), visible(plan), visible(string(r.Engine)), units.Time(r.DurationS))
	if r.Replications > 1 {
		text += fmt.Sprintf(" · means of %d replications", r.Replications)
	}
	return text
}

// funnelLayout keeps the columns of counts close together.
const funnelLayout = "lnnnnnnnnnnrr"

// funnelHeader returns two header lines, so that the columns stay narrow.
func funnelHeader() (upper, lower []string) {
	return []string{"", "", "", "peak", "de-", "re-", "", "timed", "aban-", "unfin-", "", "", ""},
		[]string{"step", "entered", "passed", "/min", "clined", "jected", "failed", "out", "doned", "ished", "retries", "p50", "p99"}
}

// funnelTable lays out the funnel with the longest number format that fits the terminal.
func funnelTable(r report.Report) string {
	plain := func(value float64) string { return strings.ReplaceAll(units.Count(value), ",", "") }
	var table string
	for _, write := range []func(float64) string{units.Count, plain, units.Short} {
		upper, lower := funnelHeader()
		rows := append([][]string{upper, lower}, funnelCells(r, write)...)
		layout := funnelLayout
		if visits := visitCells(r, write); visits != nil {
			layout = funnelLayout[:2] + "n" + funnelLayout[2:]
			rows = insertColumn(rows, append([]string{"", "visits"}, visits...))
		}
		table = units.Table(layout, rows)
		if widest(table) <= terminalWidth {
			break
		}
	}
	return table
}

// widest returns the length of the longest line, in characters.
func widest(table string) (width int) {
	for line := range strings.Lines(table) {
		width = max(width, utf8.RuneCountInString(strings.TrimRight(line, "\n")))
	}
	return width
}

// funnelCells returns the rows of the funnel table.
func funnelCells(r report.Report, write func(float64) string) [][]string {
	rows := make([][]string, 0, len(r.Funnel))
	for _, row := range r.Funnel {
		cells := []string{clip(visible(row.Step), 16)}
		for _, value := range []float64{
			row.Entered, row.Passed, row.PeakPassedPerMin, row.Declined, row.Rejected, row.Failed, row.TimedOut,
			row.Abandoned, row.Unfinished, row.Retries,
		} {
			cells = append(cells, write(value))
		}
		p50, p99 := "-", "-"
		if q := r.PassedTimes(row.Step); q != nil {
			p50, p99 = units.Time(q.P50), units.Time(q.P99)
		}
		rows = append(rows, append(cells, p50, p99))
	}
	return rows
}

// visitCells returns how often people came to each step, or nil if the journey is one straight line.
func visitCells(r report.Report, write func(float64) string) []string {
	if len(r.Transitions) == 0 || len(r.Steps) != len(r.Funnel) {
		return nil
	}
	cells := make([]string, len(r.Steps))
	for i, step := range r.Steps {
		if cells[i] = "-"; step.Visits != nil {
			cells[i] = write(*step.Visits)
		}
	}
	return cells
}

// insertColumn inserts a column after that of the people who entered.
func insertColumn(rows [][]string, column []string) [][]string {
	for i := range rows {
		rows[i] = slices.Insert(rows[i], 2, column[i])
	}
	return rows
}

// clip shortens a name to a number of characters. It cuts the middle out, because names of steps often begin alike.
func clip(name string, most int) string {
	runes := []rune(name)
	if len(runes) <= most {
		return name
	}
	head := most / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(most-head-1):])
}

// overloadText describes overload, or returns an empty string if there was none.
func overloadText(o *report.Overload) string {
	if o == nil || o.RetryAmplification < 1.1 && o.RecoveryS != nil && *o.RecoveryS == 0 {
		return ""
	}
	text := fmt.Sprintf("overload: %.2f attempts per first attempt", o.RetryAmplification)
	if o.WastedShare != nil && *o.WastedShare >= 0.001 {
		text += fmt.Sprintf("; %s of the work was for people who had left", units.Percent(*o.WastedShare))
	}
	switch {
	case o.Metastable != nil && *o.Metastable:
		text += "; metastable: the overload outlasted its trigger"
	case o.RecoveryS == nil:
		text += "; overloaded for as long as people arrived"
	case *o.RecoveryS > 0:
		text += "; recovered " + units.Time(*o.RecoveryS) + " after the busiest stretch"
	}
	return text + "\n\n"
}
