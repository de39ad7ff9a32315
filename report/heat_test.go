package report

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every response time lies within the bounds of its row.
func TestHeatRowsHoldTheirTimes(t *testing.T) {
	bounds := HeatBounds()
	if len(bounds) != heatRows {
		t.Fatalf("%d bounds for %d rows", len(bounds), heatRows)
	}
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(1, int64(time.Hour/time.Microsecond)).Draw(t, "micros")
		row, seconds := HeatRow(micros), float64(micros)/1e6
		if seconds < bounds[row]*(1-1e-9) || row+1 < heatRows && seconds >= bounds[row+1]*(1+1e-9) {
			t.Fatalf("%v s is in row %d, from %v s", seconds, row, bounds[row])
		}
	})
}
