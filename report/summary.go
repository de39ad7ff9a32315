package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/ombak-sim/ombak/units"
)

// maxSummary is what GitHub takes for the summary of one step, in bytes, less a margin.
const maxSummary = 1_000_000

// WriteSummary writes summary.md: verdict, funnel, thresholds, timeline and warnings, in less than
// 1 MiB. Markup in names shows as it is written.
func WriteSummary(w io.Writer, report Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n\n", cell(report.Scenario.Name), report.Verdict, cell(Conclusion(report, "")))
	fmt.Fprintf(&b, "Plan %s, engine %s, seed %d, %s at speed %s.\n\n",
		cell(orNone(report.Plan)), report.Engine, report.Scenario.Seed, spell(report.DurationS), trim(report.Speed))
	offered := report.Offered
	fmt.Fprintf(&b, "Scheduled %s people, at most %s in one minute; sent %s, dropped %s, completed %s.\n\n",
		thousands(offered.Scheduled), thousands(offered.PeakPerMin), thousands(offered.Sent), thousands(offered.Dropped),
		thousands(offered.Completed))
	if stored := report.Reconciliation; stored != nil {
		fmt.Fprintf(&b, "Acknowledged %s, persisted %s, lost %s, unacknowledged %s, duplicates %s.\n\n",
			thousands(float64(stored.Acknowledged)), thousands(float64(stored.Persisted)), thousands(float64(stored.Lost)),
			thousands(float64(stored.Unacknowledged)), thousands(float64(stored.Duplicates)))
	}
	bullets(&b, "Invalid", report.Invalid)
	summaryFunnel(&b, report)
	summaryThresholds(&b, report.Thresholds)
	summaryTimeline(&b, report.Timeline)
	bullets(&b, "Warnings", report.Warnings)
	if _, err := io.WriteString(w, cut(strings.TrimRight(b.String(), "\n")+"\n", maxSummary)); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

// cut drops the lines that go beyond so many bytes, and says so.
func cut(text string, most int) string {
	const note = "\n… cut here; report.json holds the rest.\n"
	if len(text) <= most {
		return text
	}
	end := strings.LastIndexByte(text[:most-len(note)], '\n') + 1
	return text[:end] + note
}

func orNone(plan string) string {
	if plan == "" {
		return "none"
	}
	return plan
}

func summaryFunnel(b *strings.Builder, report Report) {
	_, header := funnelHeader()
	header[3], header[7], header[8], header[9] = "peak/min", "timed out", "abandoned", "unfinished"
	rows := [][]string{header}
	for _, row := range funnelCells(report, thousands) {
		rows = append(rows, escaped(row))
	}
	b.WriteString("## Funnel\n\n" + units.Markdown("l"+strings.Repeat("r", len(header)-1), rows))
	b.WriteString("\np50 and p99 are response times of passed and timed-out attempts, from the intended instant.\n\n")
}

func summaryThresholds(b *strings.Builder, thresholds []Judgement) {
	if len(thresholds) == 0 {
		return
	}
	rows := [][]string{{"verdict", "threshold", "severity", "found"}}
	for _, threshold := range thresholds {
		found := threshold.Reason
		if found == "" && threshold.Value != nil {
			found = threshold.found()
		}
		rows = append(rows, []string{cell(string(threshold.Verdict)), code(threshold.Source), cell(string(threshold.Severity)), cell(found)})
	}
	b.WriteString("## Thresholds\n\n" + units.Markdown("llll", rows) + "\n")
}

// found writes the value in the unit of the source.
func (j Judgement) found() string {
	condition, err := ParseThreshold(j.Source)
	if err != nil {
		return trim(*j.Value)
	}
	found := condition.spell(*j.Value)
	if j.CI95 != nil {
		found += fmt.Sprintf(" (95 %% interval %s to %s)", condition.spell(j.CI95[0]), condition.spell(j.CI95[1]))
	}
	return found
}

func summaryTimeline(b *strings.Builder, events []Event) {
	if len(events) == 0 {
		return
	}
	rows := [][]string{{"at", "for", "kind", "what"}}
	for _, event := range events {
		length := ""
		if event.ForS > 0 {
			length = spell(event.ForS)
		}
		rows = append(rows, escaped([]string{spell(event.AtS), length, string(event.Kind), event.Text}))
	}
	b.WriteString("## Timeline\n\n" + units.Markdown("rrll", rows) + "\n")
}

func bullets(b *strings.Builder, heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "## %s\n\n", heading)
	for _, line := range lines {
		fmt.Fprintf(b, "- %s\n", cell(line))
	}
	b.WriteByte('\n')
}

// escaped returns texts as cells that show them as they are.
func escaped(texts []string) []string {
	cells := make([]string, len(texts))
	for i, text := range texts {
		cells[i] = cell(text)
	}
	return cells
}
