package report_test

import (
	"math/rand/v2"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// journey is a short one with every kind of step.
func journey() funnel.Journey {
	return funnel.Journey{
		{Name: funnel.SignUp, Kind: funnel.Request},
		{Name: funnel.EmailVerify, Kind: funnel.Await},
		{Name: funnel.Identity, Kind: funnel.Poll},
	}
}

// event is one call to an observer.
type event struct {
	enter  bool
	step   int
	at     time.Duration
	sample funnel.Sample
}

// tell makes the call.
func (e event) tell(observer *report.ShardObserver) {
	if e.enter {
		observer.Enter(e.step, e.at)
		return
	}
	observer.Observe(e.sample)
}

// walk returns what one person does: some steps, each with some attempts.
func walk(random *rand.Rand, person uint64, start time.Duration) (events []event) {
	at := start
	for step := range journey() {
		events = append(events, event{enter: true, step: step, at: at})
		outcome := funnel.Outcome(random.IntN(funnel.OutcomeCount))
		attempts := 1 + random.IntN(3)
		for attempt := 1; attempt <= attempts; attempt++ {
			sample := funnel.Sample{
				Session: person, Step: step, Attempt: attempt, Intended: at,
				Start: at + time.Duration(random.IntN(1e7)), Final: attempt == attempts, Outcome: funnel.Failed,
			}
			if sample.Final {
				sample.Outcome = outcome
			}
			sample.End = sample.Start + time.Duration(random.ExpFloat64()*1e8)
			if sample.Final && random.IntN(10) == 0 {
				return events // still there at the end
			}
			events = append(events, event{step: step, sample: sample})
			at = sample.End
		}
		if outcome != funnel.Completed {
			break
		}
	}
	return events
}

// surge is a small run whose figures are plain: 200 people in 4 s, the registry passes 1 in 10.
func surge() (*report.Recording, report.Facts) {
	recording := report.NewRecording(journey())
	recorder := report.NewRecorder(journey(), 1, recording.Add)
	observer := recorder.Observer(0)
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
		observer.Finished()
	}
	recorder.Close()
	opens := time.Date(2020, 4, 11, 19, 0, 0, 0, time.FixedZone("WIB", 7*3600))
	return recording, report.Facts{
		Ombak:    report.Build{Version: "test", Go: "go1.26"},
		Scenario: report.Scenario{Name: "surge", Seed: 7, SHA256: "00", Opens: opens},
		Plan:     "as-published", Duration: 5 * time.Second, Speed: 2,
		Clock: func(realTime time.Duration) time.Duration { return 2 * realTime },
		Offered: &report.OfferedFacts{
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
