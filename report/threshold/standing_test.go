package threshold_test

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
)

// While a run goes on, a threshold stands by what is known: who still waits breaks nothing, and what only the end shows is
// undecided.
func TestStandings(t *testing.T) {
	steps := funnel.Journey{{Name: "go", Kind: funnel.Request}}
	recording := recorder.NewRecording(steps)
	observers := recorder.NewRecorder(steps, 1, recording.Add)
	seen := observers.Observer(0)
	for person := range 1000 {
		seen.Scheduled(time.Duration(person) * time.Millisecond)
		seen.Started()
		seen.Enter(0, time.Duration(person)*time.Millisecond)
		switch {
		case person < 880: // passed
			seen.Observe(funnel.Sample{Session: uint64(person), Attempt: 1, End: time.Duration(person)*time.Millisecond + 50*time.Millisecond, Intended: time.Duration(person) * time.Millisecond, Start: time.Duration(person) * time.Millisecond, Final: true})
		case person < 900: // failed
			seen.Observe(funnel.Sample{Session: uint64(person), Attempt: 1, End: time.Duration(person) * time.Millisecond, Intended: time.Duration(person) * time.Millisecond, Start: time.Duration(person) * time.Millisecond, Outcome: funnel.Failed, Final: true})
		}
	}
	observers.Close()
	for _, row := range []struct {
		source  string
		verdict report.Verdict
		low     float64 // of the room
		high    float64
		why     string
	}{
		{"go.passed >= 95% of scheduled", report.Pass, 0.5, 0.6, "880 of 900 are 97.8%, 2.8 of 5 points beyond the bound"},
		{"go.passed >= 99% of entered", report.Fail, -1.3, -1.1, "97.8% are 1.2 points below, of 1 beyond the bound"},
		{"go.response_time.p95 < 100ms", report.Pass, 0.4, 0.6, "50 ms are half of it"},
		{"go.failed <= 10", report.Fail, -1.1, -0.9, "20 are twice as many"},
		{"lost == 0", report.Inconclusive, 0, 0, "only the end shows it"},
	} {
		conditions, err := threshold.ParseAll([]funnel.Threshold{{Source: row.source}})
		if err != nil {
			t.Fatal(err)
		}
		standings, doubts := threshold.Rules{Conditions: conditions, Validity: threshold.Validity{MaxDroppedShare: 0.01}}.Standings(recording, time.Second, nil)
		got := standings[0]
		if got.Verdict != row.verdict || len(doubts) > 0 {
			t.Errorf("%s: %v, %v: %s", row.source, got, doubts, row.why)
		}
		if row.verdict == report.Inconclusive && got.Reason != "only the end of the run shows it" {
			t.Errorf("%s: %q", row.source, got.Reason)
		}
		if row.low != row.high && (got.Room == nil || *got.Room < row.low || *got.Room > row.high) {
			t.Errorf("%s: the room is %v: %s", row.source, got.Room, row.why)
		}
	}
}
