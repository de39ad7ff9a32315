package recorder_test

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
)

// If the second in which people entered was lost with its generator, nobody is counted below zero.
func TestPartialRecordings(t *testing.T) {
	for _, partial := range []bool{true, false} {
		steps := funnel.Journey{{Name: "go", Kind: funnel.Request}}
		recording := recorder.NewRecording(steps)
		observers := recorder.NewRecorder(steps, 1, recording.Add)
		observers.Observer(0).Observe(funnel.Sample{Session: 1, Attempt: 2, Intended: time.Second, Start: time.Second, End: 2 * time.Second, Outcome: funnel.Completed, Final: true})
		observers.Close()
		row := recorder.Assemble(recording, recorder.Facts{Duration: 3 * time.Second, Partial: partial}).Funnel[0]
		if want := map[bool]float64{true: 0, false: -1}[partial]; row.Unfinished != want || row.Passed != 1 {
			t.Errorf("partial %v: %+v; want %v unfinished", partial, row, want)
		}
	}
}
