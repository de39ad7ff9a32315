package simulation

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// finals records how long people were at a step, by outcome.
type finals struct {
	nobody
	step    int
	longest map[funnel.Outcome]time.Duration
	least   map[funnel.Outcome]time.Duration
}

func (f *finals) Observe(s funnel.Sample) {
	if s.Step != f.step {
		return
	}
	took := s.ResponseTime()
	if least, any := f.least[s.Outcome]; !any || took < least {
		f.least[s.Outcome] = took
	}
	f.longest[s.Outcome] = max(f.longest[s.Outcome], took)
}

// TestTheMotivationTestIsEvaluated: people submit the test and poll every 200 ms, for 2 s at most. The score
// is there after the backend's test_delay, in the simulator as in a live run.
func TestTheMotivationTestIsEvaluated(t *testing.T) {
	const look, patience, service = 200 * time.Millisecond, 2 * time.Second, 20 * time.Millisecond
	for _, test := range []struct {
		why         string
		delay       string
		outcome     funnel.Outcome
		least, most time.Duration
	}{
		{"a score at once is seen at the second look, for the first hands in", "0s", funnel.Completed, look, look + service},
		{"the scenario's own delay ends before the third look", "300ms", funnel.Completed, 2 * look, 2*look + service},
		{"a longer one takes as many looks more", "1500ms", funnel.Completed, 8 * look, 8*look + service},
		{"one beyond patience is waited for in vain", "5s", funnel.Abandoned, patience, patience + service},
	} {
		scenario := smokeText(t, "test_delay: 300ms", "test_delay: "+test.delay)
		run, err := setup.NewModel(scenario, setup.Options{})
		if err != nil {
			t.Fatal(err)
		}
		seen := &finals{step: run.Config.Journey.Funnel().Index(funnel.Test), least: map[funnel.Outcome]time.Duration{}, longest: map[funnel.Outcome]time.Duration{}}
		if _, err := sim.Run(t.Context(), run.Config, func(int) funnel.Observer { return seen }); err != nil {
			t.Fatal(err)
		}
		if len(seen.least) != 1 || seen.least[test.outcome] < test.least || seen.longest[test.outcome] > test.most {
			t.Errorf("%s: took from %v to %v, want only %v from %v to %v", test.why, seen.least, seen.longest, test.outcome, test.least, test.most)
		}
	}
}
