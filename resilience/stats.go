package resilience

import "time"

// Stats holds the counts of a policy so far. At any time Arrivals = Completions + Rejections + Cancellations
// + InUse + Queued.
type Stats struct {
	Arrivals      uint64        `json:"arrivals"`
	Completions   uint64        `json:"completions"`   // released
	Rejections    uint64        `json:"rejections"`    // rejected on arrival or at the deadline
	Cancellations uint64        `json:"cancellations"` // cancelled while waiting
	InUse         int           `json:"in_use"`        // in service now
	Queued        int           `json:"queued"`        // waiting now
	QueueMax      int           `json:"queue_max"`     // most that have waited at once
	BusyTime      time.Duration `json:"busy_time"`     // requests in service × time
	QueueTime     time.Duration `json:"queue_time"`    // requests waiting × time
}

// Stats returns the counts and integrals up to now.
func (g *Gate) Stats(now time.Duration) Stats {
	g.advance(now)
	stats := g.stats
	stats.InUse, stats.Queued = g.inUse, g.waiting
	return stats
}
