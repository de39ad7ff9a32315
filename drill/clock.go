package drill

import (
	"time"

	"github.com/ombak-sim/ombak/units"
)

// domainClock returns the scenario's own time: opens plus the scenario time since the run began.
func domainClock(opens time.Time, scenarioTime func() time.Duration) func() time.Time {
	return func() time.Time { return opens.Add(scenarioTime()) }
}

// wallSteps notices when somebody sets the wall clock: it then moves otherwise than the monotonic clock.
type wallSteps struct {
	began time.Time
	ahead time.Duration // of the wall clock, compared with began, when it was last looked at
}

func newWallSteps(now time.Time) *wallSteps { return &wallSteps{began: now} }

// look returns by how much the wall clock was set since the last look, or 0. Time servers slew a clock by less than
// smallestStep a second.
func (w *wallSteps) look(now time.Time) time.Duration {
	return w.note(now.Round(0).Sub(w.began.Round(0)), now.Sub(w.began))
}

func (w *wallSteps) note(wall, monotonic time.Duration) time.Duration {
	const smallestStep = 100 * time.Millisecond
	by := wall - monotonic - w.ahead
	w.ahead += by
	if by.Abs() < smallestStep {
		return 0
	}
	return by
}

// setBy says which way a clock was set, and how far.
func setBy(by time.Duration) string {
	if by < 0 {
		return "back by " + units.Duration(-by)
	}
	return "forward by " + units.Duration(by)
}
