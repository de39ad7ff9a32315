package resilience

import (
	"cmp"
	"errors"
	"time"
)

// DeferConfig describes work that is accepted now and done later, by a bounded number of workers:
// the policy async-verify.
type DeferConfig struct {
	Workers int           `json:"workers"` // at most so many at once
	Backlog int           `json:"backlog"` // most that wait; who comes then is turned away
	Pause   time.Duration `json:"pause"`   // before work that failed is tried again; doubles each time
	Longest time.Duration `json:"longest"` // no pause is longer
}

// Validate returns the first fault of the description.
func (c DeferConfig) Validate() error {
	if c.Workers < 1 || c.Backlog < 1 || c.Pause <= 0 || c.Longest < c.Pause {
		return errors.New("deferred work needs workers and a backlog of 1 or more, a pause above 0 and a longest one not below it")
	}
	return nil
}

// Gate describes the gate that the workers stand behind. Its queue is the backlog: first come, first
// served, without a deadline, for nobody waits at a screen.
//
// Levelling load by a queue whose consumers go at the pace of the slowest part: Hohpe and Woolf,
// "Enterprise Integration Patterns" (2003), "Competing Consumers". What it cannot do is Kleinrock,
// "Queueing Systems", vol. I (1975), sec. 2.1: a backlog grows as long as more comes than is worked
// off, so that it moves the wait from the screen to the mailbox and never adds capacity.
func (c DeferConfig) Gate() GateConfig {
	return GateConfig{FIFOConfig: FIFOConfig{Concurrency: c.Workers, Queue: c.Backlog}}
}

// Again returns the pause before work is tried again that has failed so often, counting from 1.
func (c DeferConfig) Again(failures int) time.Duration {
	pause := c.Pause
	for ; failures > 1 && pause < c.Longest; failures-- {
		pause *= 2
	}
	return min(pause, c.Longest)
}

// defaultBacklog is how many accepted checks may wait where a plan does not say: a nation.
const defaultBacklog = 10_000_000

func asyncVerify() Descriptor {
	return Descriptor{
		Name: "async-verify", Does: "accepts requests at once and makes their calls later.", Source: "Hohpe and Woolf 2003",
		Places: only(AtCall), Live: only(AtCall), Needs: words("workers"), Takes: words("queue pause longest"), Scales: words("workers queue"),
		Default: func(s Settings) Settings {
			s.Queue, s.Pause = cmp.Or(s.Queue, defaultBacklog), cmp.Or(s.Pause, 5*time.Second)
			s.Longest = cmp.Or(s.Longest, max(5*time.Minute, s.Pause))
			return s
		},
		Config: func(s Settings) Config {
			return DeferConfig{Workers: s.Workers, Backlog: s.Queue, Pause: s.Pause, Longest: s.Longest}
		},
	}
}

var _ Gated = DeferConfig{}
