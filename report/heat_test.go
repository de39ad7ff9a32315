package report

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Every response time lies between the bounds of its row, and none is lost.
func TestHeatCountsEveryAnswer(t *testing.T) {
	bounds := HeatBounds()
	if len(bounds) != heatRows {
		t.Fatalf("%d bounds for %d rows", len(bounds), heatRows)
	}
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(1, highestMicros).Draw(t, "micros")
		row, seconds := heatRow(micros), float64(micros)/1e6
		if seconds < bounds[row]*(1-1e-9) || row+1 < heatRows && seconds >= bounds[row+1]*(1+1e-9) {
			t.Fatalf("%v s is in row %d, from %v s", seconds, row, bounds[row])
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		journey := funnel.Journey{{Name: "go"}}
		recording := NewRecording(journey)
		recorder := NewRecorder(journey, 1, recording.Add)
		ends := rapid.SliceOfN(rapid.IntRange(0, 500), 1, 50).Draw(t, "ends")
		for i, end := range ends {
			at := time.Duration(end) * time.Second
			recorder.Observer(0).Observe(funnel.Sample{Session: uint64(i), Intended: at - time.Second, End: at, Final: true})
		}
		recorder.Close()
		heat := Assemble(recording, Facts{Duration: time.Minute}).Series.Heat
		if len(heat) != 1 || total(heat[0]) != int64(len(ends)) || len(heat[0].Counts) > heatColumns {
			t.Fatalf("%d answers, heat %+v", len(ends), heat)
		}
		merged := mergedHeats([]Report{{Series: Series{Heat: heat}}, {Series: Series{Heat: heat}}})
		if total(merged[0]) != 2*int64(len(ends)) || total(heat[0]) != int64(len(ends)) {
			t.Fatalf("merged %d, left %d", total(merged[0]), total(heat[0]))
		}
	})
}

func total(heat Heat) (sum int64) {
	for _, column := range heat.Counts {
		for _, count := range column {
			sum += count
		}
	}
	return sum
}
