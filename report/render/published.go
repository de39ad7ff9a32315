package render

import (
	"fmt"
	"math"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/units"
)

// publishedText lays out the published figures for a terminal, each beside its prediction.
func publishedText(rows []report.Published) string {
	if len(rows) == 0 {
		return ""
	}
	table := [][]string{{"hold-out", "published", "predicted", "error"}}
	for _, cells := range publishedCells(rows) {
		table = append(table, cells[:4])
	}
	return units.Table("lrrl", table) + "\n"
}

func summaryPublished(b *strings.Builder, rows []report.Published) {
	if len(rows) == 0 {
		return
	}
	table := [][]string{{"figure", "published", "predicted", "error", "who said it"}}
	for _, cells := range publishedCells(rows) {
		table = append(table, append([]string{units.Code(cells[0])}, escaped(cells[1:])...))
	}
	b.WriteString("## Predicted beside published\n\nThese figures were published about the event. They are no input of the model, though who built it knew them.\n\n" + units.Markdown("lrrll", table) + "\n")
}

// publishedCells returns figure, published, predicted, error and source of every row.
func publishedCells(rows []report.Published) (cells [][]string) {
	for _, row := range rows {
		predicted, miss := "not known", row.Reason
		if row.Predicted != nil {
			predicted, miss = row.Spelt, PublishedError(row)
		}
		cells = append(cells, []string{visible(row.Figure), visible(PublishedValue(row.Figure, row.Value)), visible(predicted), visible(miss), visible(row.Source + ", " + row.At)})
	}
	return cells
}

// PublishedValue spells a published value in the unit of its figure, as in 515,000 to 525,000. A value that is none of the
// figure's is returned as it is.
func PublishedValue(source, value string) string {
	figure, err := threshold.ParseFigure(source)
	if err != nil {
		return value
	}
	switch r, err := figure.ParseRange(value); {
	case err != nil:
		return value
	case math.IsInf(r.High, 1):
		return "at least " + figure.Spell(r.Low)
	case r.High > r.Low:
		return figure.Spell(r.Low) + " to " + figure.Spell(r.High)
	default:
		return figure.Spell(r.Low)
	}
}

// PublishedError spells the error of a prediction, as in +3.1 % or within.
func PublishedError(row report.Published) string {
	switch {
	case row.Error == nil:
		return ""
	case *row.Error == 0 && strings.Contains(row.Value, ".."):
		return "within"
	}
	return fmt.Sprintf("%+.1f %%", 100**row.Error)
}
