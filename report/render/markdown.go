package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/units"
)

// maxSummary is GitHub's limit for the summary of one step, in bytes, less a margin.
const maxSummary = 1_000_000

// Markdown writes summary.md in less than 1 MiB: verdict, funnel, thresholds, timeline and warnings. Markup
// in names is escaped.
func Markdown(w io.Writer, r report.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n\n", units.Cell(r.Scenario.Name), headline(r), units.Cell(Conclusion(r, "")))
	fmt.Fprintf(&b, "Plan %s, engine %s, seed %d, %s at speed %s.\n\n",
		units.Cell(orNone(r.Plan)), r.Engine, r.Scenario.Seed, units.Time(r.DurationS), units.Number(r.Speed))
	if r.Replications > 1 {
		fmt.Fprintf(&b, "Counts are means of %d replications.\n\n", r.Replications)
	}
	if r.Replay != "" {
		fmt.Fprintf(&b, "People acted on this run; repeat it with what they did: %s\n\n", units.Code(r.Replay))
	}
	offered := r.Offered
	fmt.Fprintf(&b, "Scheduled %s people, at most %s in one minute; sent %s, dropped %s%s, completed %s.\n\n",
		units.Count(offered.Scheduled), units.Count(offered.PeakPerMin), units.Count(offered.Sent), units.Count(offered.Dropped), lostOf(offered),
		units.Count(offered.Completed))
	if stored := r.Reconciliation; stored != nil {
		fmt.Fprintf(&b, "Acknowledged %s, persisted %s, lost %s, unacknowledged %s, duplicates %s.\n\n",
			units.Count(float64(stored.Acknowledged)), units.Count(float64(stored.Persisted)), units.Count(float64(stored.Lost)),
			units.Count(float64(stored.Unacknowledged)), units.Count(float64(stored.Duplicates)))
		if stored.Booked > 0 {
			fmt.Fprintf(&b, "Booked %s.\n\n", units.Count(float64(stored.Booked)))
		}
	}
	if r.Steady != nil {
		b.WriteString("Steady state: " + units.Cell(r.Steady.Sentence) + ".\n\n")
	}
	if short := shortage(r); short != "" {
		b.WriteString(units.Cell(short) + "\n\n")
	}
	bullets(&b, "Invalid", r.Invalid)
	summaryFunnel(&b, r)
	summaryFleet(&b, r)
	summaryStations(&b, r)
	summaryThresholds(&b, r.Thresholds)
	summaryPublished(&b, r.Published)
	summaryHadWeNot(&b, r)
	summaryTimeline(&b, r)
	bullets(&b, "Warnings", r.Warnings)
	if _, err := io.WriteString(w, cut(strings.TrimRight(b.String(), "\n")+"\n", maxSummary)); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

// cut drops the lines beyond a number of bytes, and adds a note.
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

func summaryFunnel(b *strings.Builder, r report.Report) {
	header := []string{"step", "entered", "passed", "peak/min", "declined", "rejected", "failed", "timed out", "abandoned", "unfinished", "retries", "p50", "p99"}
	rows := [][]string{header}
	for _, row := range funnelCells(r, units.Count) {
		rows = append(rows, escaped(row))
	}
	layout := funnelLayout
	if visits := visitCells(r, units.Count); visits != nil {
		layout = funnelLayout[:2] + "n" + funnelLayout[2:]
		rows = insertColumn(rows, append([]string{"visits"}, visits...))
	}
	b.WriteString("## Funnel\n\n" + units.Markdown(layout, rows))
	b.WriteString("\np50 and p99 are response times of passed and timed-out attempts, from the intended instant.\n\n")
}

func summaryThresholds(b *strings.Builder, thresholds []report.Judgement) {
	if len(thresholds) == 0 {
		return
	}
	rows := [][]string{{"verdict", "threshold", "severity", "found"}}
	for _, threshold := range thresholds {
		found := threshold.Reason
		if found == "" && threshold.Value != nil {
			found = foundText(threshold)
		}
		rows = append(rows, []string{units.Cell(string(threshold.Verdict)), units.Code(threshold.Source), units.Cell(string(threshold.Severity)), units.Cell(found)})
	}
	b.WriteString("## Thresholds\n\n" + units.Markdown("llll", rows) + "\n")
}

// foundText writes the value in the unit of the threshold.
func foundText(j report.Judgement) string {
	condition, err := threshold.Parse(j.Source)
	if err != nil {
		return units.Number(*j.Value)
	}
	found := condition.Spell(*j.Value)
	if j.CI95 != nil {
		found += fmt.Sprintf(" (95 %% interval %s to %s)", condition.Spell(j.CI95[0]), condition.Spell(j.CI95[1]))
	}
	return found
}

func summaryTimeline(b *strings.Builder, r report.Report) {
	if len(r.Timeline) == 0 {
		return
	}
	rows := [][]string{{"at", "from the opening", "for", "kind", "what"}}
	for _, event := range r.Timeline {
		length := ""
		if event.ForS > 0 {
			length = units.Time(event.ForS)
		}
		rows = append(rows, escaped([]string{units.Time(event.AtS), openingOf(r, event), length, string(event.Kind), event.Text}))
	}
	b.WriteString("## Timeline\n\n" + units.Markdown("rrrll", rows) + "\n")
}

func bullets(b *strings.Builder, heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "## %s\n\n", heading)
	for _, line := range lines {
		fmt.Fprintf(b, "- %s\n", units.Cell(line))
	}
	b.WriteByte('\n')
}

// escaped escapes texts for table cells.
func escaped(texts []string) []string {
	cells := make([]string, len(texts))
	for i, text := range texts {
		cells[i] = units.Cell(text)
	}
	return cells
}
