package report

import "math"

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
	HeatColumns = 120 // columns of a [Heat], at most
)

// HeatRow is the row that a response time in microseconds belongs to.
func HeatRow(micros int64) int {
	if micros < 1000 {
		return 0
	}
	return min(1+int(6*math.Log10(float64(micros)/1000)+1e-9), heatRows-1)
}

// checkHeat reports whether what a report holds can be drawn.
func checkHeat(heats []Heat) bool {
	for _, heat := range heats {
		if heat.WidthS < 1 || len(heat.Counts) > HeatColumns {
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
