package report

import "slices"

// heats gathers every step with an answer. The columns are as narrow as whole seconds allow.
func heats(recording *Recording) []Heat {
	length := recording.latest - recording.earliest + 1
	if length <= 0 {
		return nil
	}
	width := (length + heatColumns - 1) / heatColumns
	columns := int((length + width - 1) / width)
	var all []Heat
	for step := range recording.journey {
		heat := Heat{Step: recording.journey[step].Name, FirstS: recording.earliest, WidthS: width, Counts: emptyColumns(columns)}
		for second, row := range recording.rows {
			heat.add(int((second-heat.FirstS)/width), row.response[step])
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

// add adds a second's response times to a column.
func (h *Heat) add(column int, response Sparse) {
	_ = response.each(func(index int, count uint64) { // it was validated when it came
		lowest, _ := layoutRange(index)
		h.Counts[column] = plusAt(h.Counts[column], heatRow(lowest), int64(count))
	})
}

func plusAt(column []int64, row int, count int64) []int64 {
	for len(column) <= row {
		column = append(column, 0)
	}
	column[row] += count
	return column
}

// mergedHeats adds the columns of all parts where they lie alike; parts whose runs had other lengths
// leave no heat.
func mergedHeats(parts []Report) []Heat {
	total := make([]Heat, 0, len(parts[0].Series.Heat))
	for _, heat := range parts[0].Series.Heat {
		sum := heat
		sum.Counts = emptyColumns(len(heat.Counts))
		for _, part := range parts {
			at := slices.IndexFunc(part.Series.Heat, func(h Heat) bool { return h.Step == heat.Step })
			if at < 0 {
				continue
			}
			other := part.Series.Heat[at]
			if other.FirstS != sum.FirstS || other.WidthS != sum.WidthS {
				return nil
			}
			sum.join(other)
		}
		total = append(total, sum)
	}
	return total
}

func (h *Heat) join(other Heat) {
	for column, counts := range other.Counts {
		if column == len(h.Counts) {
			h.Counts = append(h.Counts, []int64{})
		}
		for row, count := range counts {
			h.Counts[column] = plusAt(h.Counts[column], row, count)
		}
	}
}
