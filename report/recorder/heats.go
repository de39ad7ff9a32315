package recorder

import (
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// heats returns the heat of every step with an answer. Columns are as narrow as whole rows allow.
func heats(recording *Recording) []report.Heat {
	length := recording.latest - recording.earliest + recording.width
	if length <= 0 {
		return nil
	}
	width := startOf((length+report.HeatColumns-1)/report.HeatColumns+recording.width-1, recording.width) // of whole rows
	columns := int((length + width - 1) / width)
	var all []report.Heat
	for step := range recording.journey {
		heat := report.Heat{Step: recording.journey[step].Name, FirstS: recording.earliest, WidthS: width, Counts: emptyColumns(columns)}
		for second, row := range recording.rows {
			addResponse(&heat, int((second-heat.FirstS)/width), row.response[step])
		}
		if slices.ContainsFunc(heat.Counts, func(column []int64) bool { return len(column) > 0 }) {
			all = append(all, heat)
		}
	}
	return all
}

func emptyColumns(count int) [][]int64 {
	columns := make([][]int64, count)
	for i := range columns {
		columns[i] = []int64{}
	}
	return columns
}

// addResponse adds a second's response times to a column.
func addResponse(h *report.Heat, column int, response Sparse) {
	_ = response.Each(func(index int, count uint64) { // response was validated when it was read
		lowest, _ := LayoutRange(index)
		h.Counts[column] = plusAt(h.Counts[column], report.HeatRow(lowest), int64(count))
	})
}

func plusAt(column []int64, row int, count int64) []int64 {
	for len(column) <= row {
		column = append(column, 0)
	}
	column[row] += count
	return column
}

// mergedHeats adds the columns of all parts if they have the same layout. Parts of different lengths give no
// heat.
func mergedHeats(parts []report.Report) []report.Heat {
	total := make([]report.Heat, 0, len(parts[0].Series.Heat))
	for _, heat := range parts[0].Series.Heat {
		sum := heat
		sum.Counts = emptyColumns(len(heat.Counts))
		for _, part := range parts {
			at := slices.IndexFunc(part.Series.Heat, func(h report.Heat) bool { return h.Step == heat.Step })
			if at < 0 {
				continue
			}
			other := part.Series.Heat[at]
			if other.FirstS != sum.FirstS || other.WidthS != sum.WidthS {
				return nil
			}
			joinHeat(&sum, other)
		}
		total = append(total, sum)
	}
	return total
}

func joinHeat(h *report.Heat, other report.Heat) {
	for column, counts := range other.Counts {
		if column == len(h.Counts) {
			h.Counts = append(h.Counts, []int64{})
		}
		for row, count := range counts {
			h.Counts[column] = plusAt(h.Counts[column], row, count)
		}
	}
}
