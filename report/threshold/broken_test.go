package threshold

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
)

// A broken threshold with an abort delay ends a run after that delay. No other threshold does.
func TestBroken(t *testing.T) {
	journey := funnel.Journey{{Name: "go"}}
	recording := recorder.NewRecording(journey)
	observers := recorder.NewRecorder(journey, 1, recording.Add)
	for i := range 100 {
		at := time.Duration(i) * 100 * time.Millisecond
		observers.Observer(0).Enter(0, at)
		observers.Observer(0).Observe(funnel.Sample{Session: uint64(i), Intended: at, End: at + time.Second, Outcome: funnel.Failed, Final: true})
	}
	observers.Close()
	for _, test := range []struct {
		why       string
		threshold funnel.Threshold
		broken    bool
	}{
		{"it is broken", funnel.Threshold{Source: "go.rate < 0.5", Abort: 5 * time.Second}, true},
		{"it holds", funnel.Threshold{Source: "go.failed > 10", Abort: 5 * time.Second}, false},
		{"its delay has not passed", funnel.Threshold{Source: "go.rate < 0.5", Abort: time.Minute}, false},
		{"it does not end runs", funnel.Threshold{Source: "go.rate < 0.5"}, false},
		{"it only warns", funnel.Threshold{Source: "go.rate < 0.5", Abort: 5 * time.Second, Severity: funnel.Warn}, false},
		{"nothing is measured yet", funnel.Threshold{Source: "lost == 1", Abort: 5 * time.Second}, false},
		{"one stretch breaks it", funnel.Threshold{Source: "go.rate < 0.5 over 2s", Abort: 5 * time.Second}, true},
	} {
		conditions, err := ParseAll([]funnel.Threshold{test.threshold})
		if err != nil {
			t.Fatal(err)
		}
		if judged, broken := Broken(recording, conditions, 10*time.Second); broken != test.broken || broken && judged.Source != test.threshold.Source {
			t.Errorf("%s: %+v, %t", test.why, judged, broken)
		}
	}
	if _, err := ParseAll([]funnel.Threshold{{Source: "lost == 0", Abort: -1}}); err == nil {
		t.Error("a negative delay is accepted")
	}
}
