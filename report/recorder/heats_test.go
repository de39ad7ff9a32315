package recorder

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// The heat of a recording, and of merged parts, counts every answer.
func TestHeatCountsEveryAnswer(t *testing.T) {
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
		if len(heat) != 1 || total(heat[0]) != int64(len(ends)) || len(heat[0].Counts) > report.HeatColumns {
			t.Fatalf("%d answers, heat %+v", len(ends), heat)
		}
		merged := mergedHeats([]report.Report{{Series: report.Series{Heat: heat}}, {Series: report.Series{Heat: heat}}})
		if total(merged[0]) != 2*int64(len(ends)) || total(heat[0]) != int64(len(ends)) {
			t.Fatalf("merged %d, left %d", total(merged[0]), total(heat[0]))
		}
	})
}

func total(heat report.Heat) (sum int64) {
	for _, column := range heat.Counts {
		for _, count := range column {
			sum += count
		}
	}
	return sum
}
