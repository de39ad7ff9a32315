package resilience

import (
	"cmp"
	"errors"
	"time"
)

// DeferConfig describes work that is accepted at once and done later by a limited number of workers: the
// policy async-verify.
type DeferConfig struct {
	Workers int           `json:"workers"` // most pieces of work at once
	Backlog int           `json:"backlog"` // most pieces of work waiting; further requests are rejected
	Pause   time.Duration `json:"pause"`   // pause before failed work is tried again; doubles each time
	Longest time.Duration `json:"longest"` // upper bound of the pause
}

// Validate returns the first mistake in the description.
func (c DeferConfig) Validate() error {
	if c.Workers < 1 || c.Backlog < 1 || c.Pause <= 0 || c.Longest < c.Pause {
		return errors.New("deferred work needs workers and a backlog of 1 or more, a pause above 0, and a longest pause that is not shorter")
	}
	return nil
}

// Gate describes the gate in front of the workers. Its queue is the backlog: first come, first served,
// without a deadline, because nobody waits at a screen.
//
// A queue whose consumers work at the pace of the slowest part levels the load: Hohpe and Woolf, "Enterprise
// Integration Patterns" (2003), "Competing Consumers". It does not add capacity: a backlog grows as long as
// more arrives than is completed (Kleinrock, "Queueing Systems", vol. I (1975), sec. 2.1). It only moves the
// wait from the screen to the mailbox.
func (c DeferConfig) Gate() GateConfig {
	return GateConfig{FIFOConfig: FIFOConfig{Concurrency: c.Workers, Queue: c.Backlog}}
}

// Again returns the pause before work is tried again after a number of failures, counting from 1.
func (c DeferConfig) Again(failures int) time.Duration {
	pause := c.Pause
	for ; failures > 1 && pause < c.Longest; failures-- {
		pause *= 2
	}
	return min(pause, c.Longest)
}

// defaultBacklog is the backlog if a plan gives none. It is large enough for a nation.
const defaultBacklog = 10_000_000

func asyncVerify() Descriptor {
	return Descriptor{
		Name: "async-verify", Does: "accepts requests at once and makes their calls later.", Source: "Hohpe and Woolf 2003",
		Places: only(AtCall), Live: only(AtCall), Needs: words("workers"), Takes: words("queue pause longest"), Scales: words("workers queue"),
		Changes: Changes{
			Keys: words("workers queue pause longest"), Always: true, Waiting: gateWaits + " A pause that has begun keeps its length.",
			WhyNot: "those whose requests were accepted wait for an outcome", Stays: "a live service hires its workers when it starts",
		},
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
