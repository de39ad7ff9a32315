package mocks

import (
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// runClock measures real time since the mocks started, and the times of the run once it has begun.
type runClock struct {
	up  time.Time
	run atomic.Pointer[begun]
}

// begun holds when the run began and how real time maps to scenario time.
type begun struct {
	at    time.Duration // real time since the mocks started
	table workload.Clock
}

func newRunClock() *runClock { return &runClock{up: time.Now()} }

// begin starts the run at an instant, which may be in the future.
func (c *runClock) begin(at time.Time, table workload.Clock) {
	c.run.Store(&begun{c.now() + time.Until(at), table})
}

// now returns the real time since the mocks started.
func (c *runClock) now() time.Duration { return time.Since(c.up) }

// sinceStart returns the real time since the run began, or 0 before.
func (c *runClock) sinceStart() time.Duration { return c.sinceStartAt(c.now()) }

// sinceStartAt returns the real time from the beginning of the run to an instant of now, or 0 before.
func (c *runClock) sinceStartAt(instant time.Duration) time.Duration {
	run := c.run.Load()
	if run == nil {
		return 0
	}
	return max(0, instant-run.at)
}

// scenario returns the scenario time. Before the run it returns the time of the first instant.
func (c *runClock) scenario() time.Duration { return c.scenarioAt(c.now()) }

func (c *runClock) scenarioAt(instant time.Duration) time.Duration {
	run := c.run.Load()
	if run == nil {
		return 0
	}
	return run.table.Scenario(max(0, instant-run.at))
}

// instant returns the value of now at which a scenario time is reached, and false before the run has begun.
func (c *runClock) instant(scenario time.Duration) (time.Duration, bool) {
	run := c.run.Load()
	if run == nil {
		return 0, false
	}
	return run.at + run.table.Real(scenario), true
}
