// Package surge makes a small recorded run for the tests of package report and its subpackages.
//
//  1. a few people walk a [Journey];
//  2. [Recorded] returns their recording and the facts of the run.
package surge

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// Journey returns a short journey with every kind of step.
func Journey() funnel.Journey {
	return funnel.Journey{
		{Name: funnel.SignUp, Kind: funnel.Request},
		{Name: funnel.EmailVerify, Kind: funnel.Await},
		{Name: funnel.Identity, Kind: funnel.Poll},
	}
}

// Recorded returns a small run with simple figures: 200 people in 4 s, of whom the registry passes 1 in 10.
func Recorded() (*recorder.Recording, recorder.Facts) {
	recording := recorder.NewRecording(Journey())
	observers := recorder.NewRecorder(Journey(), 1, recording.Add)
	observer := observers.Observer(0)
	for i := range 200 {
		at := time.Duration(i) * 20 * time.Millisecond
		observer.Scheduled(at)
		observer.Started()
		observer.Enter(0, at)
		observer.Observe(funnel.Sample{
			Session: uint64(i), Attempt: 1, Intended: at, Start: at, End: at + 41*time.Millisecond, Final: true,
		})
		observer.Enter(1, at+50*time.Millisecond)
		observer.Observe(funnel.Sample{
			Session: uint64(i), Step: 1, Attempt: 1, Intended: at + 50*time.Millisecond, Start: at + 50*time.Millisecond,
			End: at + 60*time.Millisecond, Final: true,
		})
		observer.Enter(2, at+70*time.Millisecond)
		outcome := funnel.Rejected
		if i%10 == 0 {
			outcome = funnel.Completed
		}
		observer.Observe(funnel.Sample{
			Session: uint64(i), Step: 2, Attempt: 1, Intended: at + 70*time.Millisecond, Start: at + 71*time.Millisecond,
			End: at + 400*time.Millisecond, Final: true, Outcome: outcome,
		})
		observer.Finished(at + 400*time.Millisecond)
	}
	observers.Close()
	opens := time.Date(2020, 4, 11, 19, 0, 0, 0, time.FixedZone("WIB", 7*3600))
	return recording, recorder.Facts{
		Ombak:    report.Build{Version: "test", Go: "go1.26"},
		Scenario: report.Scenario{Name: "surge", Seed: 7, SHA256: "00", Opens: opens},
		Plan:     "as-published", Duration: 5 * time.Second, Speed: 2,
		Clock: func(realTime time.Duration) time.Duration { return 2 * realTime },
		Offered: &recorder.OfferedFacts{
			Scheduled: 200, PeakPerMin: 200, ByStep: map[string]report.Scheduling{funnel.SignUp: {Scheduled: 200, PeakPerMin: 200}},
		},
		Readings: []funnel.Reading{
			{Station: "writer", At: time.Second, Servers: 1, Busy: 1, Queued: 3, Completions: 50, BusyTime: time.Second / 2, QueueMax: 4, QueueTime: 2 * time.Second},
			{Station: "writer", At: 5 * time.Second, Servers: 1, Completions: 200, BusyTime: 2 * time.Second, QueueMax: 9, QueueTime: 10 * time.Second, Batches: 20, SyncTime: time.Second},
		},
		Marks: []funnel.Mark{
			{At: 2 * time.Second, For: time.Second, Kind: funnel.FaultMark, Text: "registry | half capacity"},
			{Kind: funnel.PhaseMark, Text: "opening"},
		},
		Reconciliation: &report.Reconciliation{Acknowledged: 200, Persisted: 200},
	}
}
