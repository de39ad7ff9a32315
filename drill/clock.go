package drill

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/units"
)

// domainClock returns the scenario's own time: opens plus the scenario time since the run began.
func domainClock(opens time.Time, scenarioTime func() time.Duration) func() time.Time {
	return func() time.Time { return opens.Add(scenarioTime()) }
}

// WallSteps notices when somebody sets a wall clock: it then moves otherwise than the monotonic clock.
type WallSteps struct {
	began time.Time
	ahead time.Duration // of the wall clock, compared with began, when it was last looked at
}

func newWallSteps(now time.Time) *WallSteps { return &WallSteps{began: now} }

// look returns by how much the wall clock was set since the last look, or 0.
func (w *WallSteps) look(now time.Time) time.Duration {
	return w.Note(now.Round(0).Sub(w.began.Round(0)), now.Sub(w.began))
}

// Note is told how much time has passed by either clock. It returns by how much the wall clock was set since it was told last, or
// 0. Time servers slew a clock by less than smallestStep a second.
func (w *WallSteps) Note(wall, monotonic time.Duration) time.Duration {
	const smallestStep = 100 * time.Millisecond
	by := wall - monotonic - w.ahead
	w.ahead += by
	if by.Abs() < smallestStep {
		return 0
	}
	return by
}

// ClockSet returns the message that the clock of an agent was set, at a time since the run began.
func ClockSet(agent string, at, by time.Duration) Message {
	return Message{Mark: &funnel.Mark{At: max(0, at), Kind: funnel.NoteMark, Text: "the clock of agent " + agent + " was set " + setBy(by)}}
}

// setBy says which way a clock was set, and how far.
func setBy(by time.Duration) string {
	if by < 0 {
		return "back by " + units.Duration(-by)
	}
	return "forward by " + units.Duration(by)
}
