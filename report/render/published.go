package render

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
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

// bareNumber is a number of five digits or more, or one whose thousands are told by _.
var bareNumber = regexp.MustCompile(`\b[0-9]{1,3}(_[0-9]{3})+\b|\b[0-9]{5,15}\b`)

// PublishedValue spells a published value in the unit of its figure, as in 515,000 to 525,000. In a value that is none of
// the figure's, as in "about 100000", numbers get their commas.
func PublishedValue(source, value string) string {
	figure, err := threshold.ParseFigure(source)
	if err != nil {
		return withCommas(value)
	}
	switch r, err := figure.ParseRange(value); {
	case err != nil:
		return withCommas(value)
	case math.IsInf(r.High, 1):
		return "at least " + figure.Spell(r.Low)
	case r.High > r.Low:
		return figure.Spell(r.Low) + " to " + figure.Spell(r.High)
	default:
		return figure.Spell(r.Low)
	}
}

func withCommas(value string) string {
	return bareNumber.ReplaceAllStringFunc(value, func(digits string) string {
		number, err := strconv.ParseFloat(strings.ReplaceAll(digits, "_", ""), 64)
		if err != nil {
			return digits
		}
		return units.Count(number)
	})
}

// PublishedError spells the error of a prediction, as in +3.1 %, 5.7 % below the range, or within; or why it has none.
func PublishedError(row report.Published) string {
	if row.Error == nil {
		return row.Reason
	}
	miss, ranged := *row.Error, strings.Contains(row.Value, "..")
	switch {
	case miss == 0 && ranged:
		return "within"
	case miss == 0:
		return "the same"
	case ranged && miss < 0:
		return fmt.Sprintf("%.1f %% below the range", -100*miss)
	case ranged:
		return fmt.Sprintf("%.1f %% above the range", 100*miss)
	}
	return fmt.Sprintf("%+.1f %%", 100*miss)
}
