package report

import (
	"math"
	"slices"
)

// Heat is how the response times of a step were spread over the run: attempts sent, by the time of
// the answer and by their response time.
type Heat struct {
	Step   string    `json:"step"`
	FirstS int64     `json:"first_s"` // real seconds since the start at which the first column begins
	WidthS int64     `json:"width_s"` // seconds of a column
	Counts [][]int64 `json:"counts"`  // by column, then by row from the fastest; zeros at a column's end are left out
}

// HeatBounds returns the lower bounds of the rows in seconds: six to a decade from a millisecond to
// a hundred seconds, and below them all that is faster.
func HeatBounds() []float64 {
	bounds := []float64{0}
	for k := range heatRows - 1 {
		bounds = append(bounds, 1e-3*math.Pow(10, float64(k)/6))
	}
	return bounds
}

const (
	heatRows    = 32
	heatColumns = 120 // at most
)

// heatRow is the row that a response time in microseconds belongs to.
func heatRow(micros int64) int {
	if micros < 1000 {
		return 0
	}
	return min(1+int(6*math.Log10(float64(micros)/1000)+1e-9), heatRows-1)
}

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

// checkHeat says whether what a report holds can be drawn.
func checkHeat(heats []Heat) bool {
	for _, heat := range heats {
		if heat.WidthS < 1 || len(heat.Counts) > heatColumns {
			return false
		}
		for _, column := range heat.Counts {
			if len(column) > heatRows {
				return false
			}
		}
	}
	return true
}
