package report

import "math"

// Heat is the distribution of a step's response times over the run. It counts attempts sent, by the time of
// the answer and by response time.
type Heat struct {
	Step   string    `json:"step"`
	FirstS int64     `json:"first_s"` // start of the first column, in real seconds since the start of the run
	WidthS int64     `json:"width_s"` // width of a column in seconds
	Counts [][]int64 `json:"counts"`  // by column, then by row from the fastest; trailing zeros of a column are omitted
}

// HeatBounds returns the lower bounds of the rows in seconds: six per decade from a millisecond to a hundred
// seconds, and one row below them for faster times.
func HeatBounds() []float64 {
	bounds := []float64{0}
	for k := range heatRows - 1 {
		bounds = append(bounds, 1e-3*math.Pow(10, float64(k)/6))
	}
	return bounds
}

const (
	heatRows    = 32
	HeatColumns = 120 // most columns of a [Heat]
)

// HeatRow returns the row of a response time in microseconds.
func HeatRow(micros int64) int {
	if micros < 1000 {
		return 0
	}
	return min(1+int(6*math.Log10(float64(micros)/1000)+1e-9), heatRows-1)
}

// checkHeat reports whether the heats of a report can be drawn.
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
