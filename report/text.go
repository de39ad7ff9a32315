package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ombak-sim/ombak/units"
)

// terminalWidth is what the funnel table fits in, in characters.
const terminalWidth = 100

// WriteText writes the funnel table and the verdict for a terminal.
func WriteText(w io.Writer, report Report) error {
	var b strings.Builder
	b.WriteString(headline(report) + "\n\n")
	b.WriteString(funnelTable(report))
	b.WriteString("p50, p99: response time of passed and timed-out attempts, from the intended instant\n")
	b.WriteString(effort(report))
	b.WriteString(report.Overload.text())
	fmt.Fprintf(&b, "verdict: %s\n", report.Verdict)
	for _, reason := range report.Invalid {
		b.WriteString("  invalid: " + visible(reason) + "\n")
	}
	for _, threshold := range report.Thresholds {
		fmt.Fprintf(&b, "  %-12s %s%s\n", threshold.mark(), visible(threshold.Source), visible(prefixed(": ", threshold.Reason)))
	}
	for _, warning := range report.Warnings {
		b.WriteString("  warning: " + visible(warning) + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the funnel: %w", err)
	}
	return nil
}

// effort says what was offered, how late, and what each part of a live run cost.
func effort(report Report) string {
	text := fmt.Sprintf("offered: %s people, %s sent, %s dropped", thousands(report.Offered.Scheduled), thousands(report.Offered.Sent), thousands(report.Offered.Dropped))
	if report.Generator == nil {
		return text + "\n\n"
	}
	if lag := report.Generator.ScheduleLagS; lag != nil {
		text += fmt.Sprintf("; sent late by %s (p99), %s at most", spell(lag.P99), spell(lag.Max))
	}
	var costs []string
	if report.Generator.CPUS != nil {
		costs = append(costs, "generator "+spell(*report.Generator.CPUS))
	}
	for _, process := range report.Processes {
		if process.CPUS != nil {
			costs = append(costs, visible(process.Name)+" "+spell(*process.CPUS))
		}
	}
	return text + prefixed("\nCPU: ", strings.Join(costs, ", ")) + "\n\n"
}

// visible writes characters that would move the cursor, or turn the direction of reading, as Go does.
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

// mark is the verdict on a threshold, told apart when it only warns.
func (j Judgement) mark() string {
	if j.Severity == "warn" && j.Verdict != Pass {
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

// headline says what was played.
func headline(report Report) string {
	plan := report.Plan
	if plan == "" {
		plan = "no plan"
	}
	return fmt.Sprintf("%s · %s · %s · %s", visible(report.Scenario.Name), visible(plan), visible(string(report.Engine)), spell(report.DurationS))
}

// funnelHeader has two lines, so that the columns stay narrow.
func funnelHeader() (upper, lower []string) {
	return []string{"", "", "", "peak", "", "", "", "timed", "aban-", "unfin-", "", "", ""},
		[]string{"step", "entered", "passed", "/min", "declined", "rejected", "failed", "out", "doned", "ished", "retries", "p50", "p99"}
}

// funnelTable lays out the funnel with the widest numbers that fit the terminal.
func funnelTable(report Report) string {
	plain := func(value float64) string { return strings.ReplaceAll(thousands(value), ",", "") }
	var table string
	for _, write := range []func(float64) string{thousands, plain, short} {
		upper, lower := funnelHeader()
		table = units.Table("l"+strings.Repeat("r", len(lower)-1), append([][]string{upper, lower}, funnelCells(report, write)...))
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

// funnelCells are the rows of the funnel table.
func funnelCells(report Report, write func(float64) string) [][]string {
	rows := make([][]string, 0, len(report.Funnel))
	for _, row := range report.Funnel {
		cells := []string{clip(visible(row.Step), 16)}
		for _, value := range []float64{
			row.Entered, row.Passed, row.PeakPassedPerMin, row.Declined, row.Rejected, row.Failed, row.TimedOut,
			row.Abandoned, row.Unfinished, row.Retries,
		} {
			cells = append(cells, write(value))
		}
		p50, p99 := "-", "-"
		if q := report.passedTimes(row.Step); q != nil {
			p50, p99 = spell(q.P50), spell(q.P99)
		}
		rows = append(rows, append(cells, p50, p99))
	}
	return rows
}

// clip shortens a name to so many characters.
func clip(name string, most int) string {
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most-1]) + "…"
}

// text tells of overload where there was any; empty where not.
func (o *Overload) text() string {
	if o == nil || o.RetryAmplification < 1.1 && o.RecoveryS != nil && *o.RecoveryS == 0 {
		return ""
	}
	text := fmt.Sprintf("overload: %.2f attempts for each first one", o.RetryAmplification)
	if o.WastedShare != nil && *o.WastedShare >= 0.001 {
		text += fmt.Sprintf("; %s of the work was for people who had left", percent(*o.WastedShare))
	}
	switch {
	case o.Metastable != nil && *o.Metastable:
		text += "; metastable: the trouble stayed when its trigger had gone"
	case o.RecoveryS == nil:
		text += "; in trouble for as long as people came"
	case *o.RecoveryS > 0:
		text += "; out of trouble " + spell(*o.RecoveryS) + " after the busiest stretch"
	}
	return text + "\n\n"
}
