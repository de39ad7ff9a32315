package resilience

import (
	"cmp"
	"fmt"
	"time"
)

// CoDelConfig describes controlled delay with adaptive LIFO at a [Gate].
type CoDelConfig struct {
	Target   time.Duration `json:"target"`   // longest wait in a standing queue
	Interval time.Duration `json:"interval"` // a queue that was not empty for so long is a standing one; the longest wait until then
}

// Validate returns the first fault of the description.
func (c CoDelConfig) Validate() error {
	if c.Target <= 0 || c.Interval < c.Target {
		return fmt.Errorf("target is %v and interval %v; the target must be above 0 and no longer than the interval", c.Target, c.Interval)
	}
	return nil
}

// deadline returns when a wait that began at since has to end, in a queue that was last empty at
// filled: Interval after its begin, but Target from the moment on when the queue is a standing one.
//
// A queue that empties within Interval is a good one, which evens out bursts; one that stands is a
// bad one, which only adds delay: Nichols and Jacobson, RFC 8289 (2018), sec. 3, with its two
// parameters. For requests, each with somebody waiting, the rule is that of Maurer, "Fail at Scale",
// ACM Queue 13 (2015): those who waited longer than the bound are dropped whenever that is, not only
// at the head of the queue, and while the queue stands the newest is served first (adaptive LIFO),
// for its person is still there.
//
// Note: the square-root control law of RFC 8289, sec. 4.3, was rejected: it slows senders of packets
// down one by one, while a person who is turned away sends nothing more for a while.
func (c CoDelConfig) deadline(since, filled time.Duration) time.Duration {
	return max(filled+c.Interval, since+c.Target)
}

// standing reports whether the queue has not been empty for an interval.
func (g *Gate) standing() bool { return g.last-g.filled >= g.config.CoDel.Interval }

func codel() Descriptor {
	return Descriptor{
		Name: "codel", Does: "bounds the wait in a queue that does not empty, and serves the newest first while it stands.",
		Source: "RFC 8289; Maurer 2015 (with adaptive LIFO)",
		Places: anywhere(), Live: anywhere(), Needs: words("limit queue"), Takes: words("target interval"), Scales: words("limit queue"),
		Default: func(s Settings) Settings {
			s.Target = cmp.Or(s.Target, 5*time.Millisecond)
			s.Interval = cmp.Or(s.Interval, max(100*time.Millisecond, s.Target))
			return s
		},
		Config: func(s Settings) Config {
			return GateConfig{FIFOConfig: s.fifo(), CoDel: &CoDelConfig{Target: s.Target, Interval: s.Interval}}
		},
	}
}
