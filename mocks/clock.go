package mocks

import (
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// runClock tells real time since the mocks came up, and the times of the run once it has begun.
type runClock struct {
	up  time.Time
	run atomic.Pointer[begun]
}

// begun says when the run began and how its two times go together.
type begun struct {
	at    time.Duration // real time since the mocks came up
	table workload.Clock
}

func newRunClock() *runClock { return &runClock{up: time.Now()} }

// begin starts the run at an instant, which may lie ahead.
func (c *runClock) begin(at time.Time, table workload.Clock) {
	c.run.Store(&begun{c.now() + time.Until(at), table})
}

// now is real time since the mocks came up.
func (c *runClock) now() time.Duration { return time.Since(c.up) }

// sinceStart is real time since the run began; 0 before.
func (c *runClock) sinceStart() time.Duration { return c.sinceStartAt(c.now()) }

// sinceStartAt is real time from the beginning of the run to an instant of now; 0 before.
func (c *runClock) sinceStartAt(instant time.Duration) time.Duration {
	run := c.run.Load()
	if run == nil {
		return 0
	}
	return max(0, instant-run.at)
}

// scenario is scenario time; before the run has begun, that of its first instant.
func (c *runClock) scenario() time.Duration { return c.scenarioAt(c.now()) }

func (c *runClock) scenarioAt(instant time.Duration) time.Duration {
	run := c.run.Load()
	if run == nil {
		return 0
	}
	return run.table.Scenario(max(0, instant-run.at))
}

// instant is the real time since the mocks came up at which a scenario time comes; false before the
// run has begun.
func (c *runClock) instant(scenario time.Duration) (time.Duration, bool) {
	run := c.run.Load()
	if run == nil {
		return 0, false
	}
	return run.at + run.table.Real(scenario), true
}
