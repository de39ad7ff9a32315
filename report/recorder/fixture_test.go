package recorder_test

import (
	"math/rand/v2"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
)

// event is one call to an observer.
type event struct {
	enter  bool
	step   int
	at     time.Duration
	sample funnel.Sample
}

// send makes the call.
func (e event) send(observer *recorder.ShardObserver) {
	if e.enter {
		observer.Enter(e.step, e.at)
		return
	}
	observer.Observe(e.sample)
}

// walk returns what one person does: some steps, each with some attempts.
func walk(random *rand.Rand, person uint64, start time.Duration) (events []event) {
	at := start
	for step := range surge.Journey() {
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
