package resilience

import (
	"cmp"
	"fmt"
	"time"
)

// CoDelConfig describes controlled delay with adaptive LIFO at a [Gate].
type CoDelConfig struct {
	Target   time.Duration `json:"target"`   // longest wait in a standing queue
	Interval time.Duration `json:"interval"` // how long a queue must be non-empty to be a standing one; also the longest wait until then
}

// Validate returns the first mistake in the description.
func (c CoDelConfig) Validate() error {
	if c.Target <= 0 || c.Interval < c.Target {
		return fmt.Errorf("target is %v and interval %v; the target must be above 0 and no longer than the interval", c.Target, c.Interval)
	}
	return nil
}

// deadline returns when a wait that began at since has to end, in a queue that was last empty at filled. The
// limit is Interval, but only Target once the queue is a standing one.
//
// A queue that empties within Interval is good: it evens out bursts. A standing queue is bad: it only adds
// delay. The rule and its two parameters are those of Nichols and Jacobson, RFC 8289 (2018), sec. 3. Each
// request has somebody waiting, so the rule is applied as in Maurer, "Fail at Scale", ACM Queue 13 (2015):
// any request that has waited longer than the limit is dropped, not only the one at the head of the queue.
// While the queue stands, the newest request is served first (adaptive LIFO), because its person is still
// there.
//
// Note: the square-root control law of RFC 8289, sec. 4.3, was rejected. It slows down senders of packets one
// by one, but a person who is rejected sends nothing more for a while.
func (c CoDelConfig) deadline(since, filled time.Duration) time.Duration {
	return max(filled+c.Interval, since+c.Target)
}

// standing reports whether the queue has not been empty for an interval.
func (g *Gate) standing() bool { return g.last-g.filled >= g.config.CoDel.Interval }

func codel() Descriptor {
	return Descriptor{
		Name: "codel", Does: "bounds the wait in a standing queue, and serves the newest request first while the queue stands.",
		Source: "RFC 8289; Maurer 2015 (with adaptive LIFO)",
		Places: anywhere(), Live: anywhere(), Needs: words("limit queue"), Takes: words("target interval"), Scales: words("limit queue"),
		Changes: changing("limit queue target interval", gateWaits, ""),
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
