package recorder

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// TestBatchSCV: four batches of 1, 1, 1 and 5 s have a mean of 2 s and a variance of 3 s². Without the
// squares the variance is unknown.
func TestBatchSCV(t *testing.T) {
	reading := funnel.Reading{Station: "store", Batches: 4, BusyTime: 8 * time.Second, BusySquare: 28}
	if row := stationRows([]funnel.Reading{reading}, time.Minute, report.Live)[0]; row.BatchSCV == nil || *row.BatchSCV != 0.75 {
		t.Errorf("%v, want 0.75", row.BatchSCV)
	}
	reading.BusySquare = 0
	if row := stationRows([]funnel.Reading{reading}, time.Minute, report.Live)[0]; row.BatchSCV != nil {
		t.Errorf("%v, want none", *row.BatchSCV)
	}
}
