package render

import (
	"fmt"
	"math"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// hadWeNot is what the actions of a run changed, for the page.
type hadWeNot struct {
	Basis   string
	LeftOut string
	Actions []actionTable
}

// actionTable is what one action changed.
type actionTable struct {
	At, Text, Sentence string
	Rows               [][]string // figure, with, without, difference
}

// hadWeNotOf returns nil if the report says nothing of actions.
func hadWeNotOf(r report.Report) *hadWeNot {
	if r.HadWeNot == nil || len(r.HadWeNot.Actions) == 0 {
		return nil
	}
	made := &hadWeNot{Basis: basisOf(*r.HadWeNot), LeftOut: leftOutOf(r.HadWeNot.LeftOut)}
	for _, action := range r.HadWeNot.Actions {
		made.Actions = append(made.Actions, actionTable{
			At: fromOpening(action.ScenarioS, r.Scenario.Opens), Text: action.Text, Sentence: action.Sentence, Rows: worldCells(action, r.HadWeNot.Currency),
		})
	}
	return made
}

// basisOf says what the figures rest on.
func basisOf(h report.HadWeNot) string {
	share := ""
	if h.Share > 0 {
		share = fmt.Sprintf(", each with %s of the people and of the servers", units.Percent(h.Share))
	}
	return fmt.Sprintf("A model of this run was simulated %d times with all actions and %[1]d times without one of them, with the same people%s. ± is the 95 %% interval of the difference.", h.Replications, share)
}

func leftOutOf(count int) string {
	if count == 0 {
		return ""
	}
	return fmt.Sprintf("Actions that are left out: %d. Later ones rest on them, or simulating took too long.", count)
}

// worldCells returns a row for each figure of an action: its title, with, without, and the difference.
func worldCells(action report.ActionEffect, currency string) (rows [][]string) {
	for _, figure := range action.Figures {
		title, spell := worldTitle(figure.Figure)
		if figure.Figure == "cost" {
			title = strings.TrimSpace(title + " " + currency)
		}
		rows = append(rows, []string{visible(title), spell(figure.With), spell(figure.Without), signedDifference(figure, spell)})
	}
	return rows
}

// signedDifference writes a difference with its sign and its error.
func signedDifference(figure report.WorldFigure, spell func(float64) string) string {
	text := spell(math.Abs(figure.Difference))
	switch {
	case text == spell(0):
	case figure.Difference > 0:
		text = "+" + text
	default:
		text = "−" + text
	}
	if figure.CI95 != nil {
		text += " ±" + spell((figure.CI95[1]-figure.CI95[0])/2)
	}
	return text
}

// worldTitle returns what readers call a figure, and how it is written.
func worldTitle(name string) (title string, spell func(float64) string) {
	switch name {
	case "finished":
		return "people who finished", units.Amount
	case "gave_up":
		return "people turned away, failed or gone", units.Amount
	case "goodput_per_s":
		return "goodput per second", units.Rate
	case "waited_min":
		return "minutes that people waited in all", units.Amount
	case "response_p99_s":
		return "p99 at the main step", units.Time
	case "worst_p99_s":
		return "p99 at the slowest step", units.Time
	case "cost":
		return "cost", units.Amount
	}
	return name, units.Number
}

var worldHeader = []string{"figure", "with it", "without it", "difference"}

// hadWeNotText is for a terminal.
func hadWeNotText(r report.Report) string {
	made := hadWeNotOf(r)
	if made == nil {
		return ""
	}
	var b strings.Builder
	for _, action := range made.Actions {
		fmt.Fprintf(&b, "%s: %s\n", action.At, visible(action.Sentence))
		b.WriteString(units.Table("lrrr", append([][]string{worldHeader}, action.Rows...)))
	}
	b.WriteString(strings.TrimSpace(made.Basis+" "+made.LeftOut) + "\n\n")
	return b.String()
}

func summaryHadWeNot(b *strings.Builder, r report.Report) {
	made := hadWeNotOf(r)
	if made == nil {
		return
	}
	b.WriteString("## Had we not\n\n" + strings.TrimSpace(made.Basis+" "+made.LeftOut) + "\n\n")
	for _, action := range made.Actions {
		fmt.Fprintf(b, "### %s: %s\n\n%s\n\n", units.Cell(action.At), units.Cell(action.Text), units.Cell(action.Sentence))
		rows := [][]string{worldHeader}
		for _, row := range action.Rows {
			rows = append(rows, escaped(row))
		}
		b.WriteString(units.Markdown("lrrr", rows) + "\n")
	}
}
