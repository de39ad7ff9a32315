package threshold

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// steadyRun records the given number of seconds of a step with 50 answers each. The times of one second share
// a common part, so they are not independent, and may drift.
func steadyRun(random *rand.Rand, seconds int, drift float64) *recorder.Recording {
	journey := funnel.Journey{{Name: "go"}}
	recording := recorder.NewRecording(journey)
	observers := recorder.NewRecorder(journey, 1, recording.Add)
	common := 0.0
	for second := range seconds {
		common = 0.5*common + random.NormFloat64()
		for range 50 {
			took := 0.1 * math.Exp(0.2*common+0.3*random.NormFloat64()+drift*float64(second)/float64(seconds))
			end := time.Duration(second) * time.Second
			observers.Observer(0).Observe(funnel.Sample{Intended: end - time.Duration(took*1e9), End: end, Final: true})
		}
	}
	observers.Close()
	return recording
}

func judgeWindow(t *testing.T, recording *recorder.Recording, source string) report.Judgement {
	t.Helper()
	condition, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	assembled := recorder.Assemble(recording, recorder.Facts{Duration: time.Hour})
	return Rules{Conditions: []Condition{condition}}.Judge(assembled, recording, nil).Thresholds[0]
}

func TestWindowsThatAllowNoInterval(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	steady, drifting := steadyRun(random, 300, 0), steadyRun(random, 300, 2)
	for _, test := range []struct {
		why       string
		recording *recorder.Recording
		source    string
		basis     string
		interval  bool
	}{
		{"a steady window", steady, "go.response_time.p95 < 1s during 0s..300s", "one run, block bootstrap", true},
		{"the times drift", drifting, "go.response_time.p95 < 1s during 0s..300s", "one run, not steady in the window", false},
		{"too short", steady, "go.response_time.p95 < 1s during 10s..40s", "one run, too short a window for an interval", false},
		{"the whole run", steady, "go.response_time.p95 < 1s", "one run", false},
	} {
		judged := judgeWindow(t, test.recording, test.source)
		if judged.Basis != test.basis || (judged.CI95 != nil) != test.interval || judged.Value == nil {
			t.Errorf("%s: %+v", test.why, judged)
		}
		if test.interval && (judged.CI95[0] > *judged.Value || judged.CI95[1] < *judged.Value) {
			t.Errorf("%s: the interval %v does not hold the value %v", test.why, *judged.CI95, *judged.Value)
		}
		if again := judgeWindow(t, test.recording, test.source); test.interval && *again.CI95 != *judged.CI95 {
			t.Errorf("%s: one recording, two intervals", test.why)
		}
	}
	never := judgeWindow(t, steady, "go.response_time.p95 < 1s during 10m..20m")
	if never.Verdict != report.Fail || never.Value != nil {
		t.Errorf("a window in which nothing was measured: %+v", never)
	}
}
