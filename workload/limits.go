package workload

import (
	"math"
	"time"
)

// Quota counts the requests taken on one day of WIB (UTC+7) in scenario time.
type Quota struct {
	limit  int           // 0 means none
	offset time.Duration // from midnight WIB to time zero of the scenario
	day    int64         // since the day of time zero
	used   int
}

const day = 24 * time.Hour

// NewQuota returns the quota of a scenario that opens at the given instant; a limit of 0 means none.
func NewQuota(limit int, opens time.Time) Quota {
	const wib = 7 * time.Hour
	local := opens.UTC().Add(wib)
	return Quota{limit: limit, offset: local.Sub(local.Truncate(day))}
}

// Allows reports whether one more request may be taken at a scenario time when the share left of the
// quota counts; a new day starts from nothing.
func (q *Quota) Allows(scenario time.Duration, left float64) bool {
	if today := int64((scenario + q.offset) / day); today > q.day {
		q.day, q.used = today, 0
	}
	return q.limit == 0 || q.used < q.today(left)
}

// today returns the quota of which a share is left.
func (q *Quota) today(left float64) int { return int(float64(q.limit) * left) }

// Take notes a request that was taken.
func (q *Quota) Take() { q.used++ }

// Left returns how many requests the day that Allows last saw still allows when the share left of
// the quota counts; false if there is no quota.
func (q *Quota) Left(left float64) (requests int, limited bool) {
	return max(0, q.today(left)-q.used), q.limit > 0
}

// RateWindow allows at most n requests in any window of n/rate seconds, where n is the rate per
// second rounded up: the window is one second for a whole number, and the long-run rate is exact
// for others.
//
// Note: a token bucket would let twice the rate pass in one second after a pause, which is not
// "most requests taken per second".
type RateWindow struct {
	window time.Duration
	taken  []time.Duration // the latest n instants, as a ring; empty means no limit
	next   int
	full   bool
}

const largestWindow = 1 << 16 // requests; faster rates get a shorter window

// NewRateWindow returns the window of a rate; 0 means no limit.
func NewRateWindow(rate Rate) RateWindow {
	if rate <= 0 {
		return RateWindow{}
	}
	n := min(math.Ceil(rate.PerSecond()), largestWindow)
	return RateWindow{
		window: time.Duration(n / rate.PerSecond() * float64(time.Second)),
		taken:  make([]time.Duration, int(n)),
	}
}

// Allows reports whether one more request may be taken now; now never runs backwards.
func (r *RateWindow) Allows(now time.Duration) bool {
	return !r.full || r.taken[r.next]+r.window <= now
}

// Take notes a request that was taken now.
func (r *RateWindow) Take(now time.Duration) {
	if len(r.taken) == 0 {
		return
	}
	r.taken[r.next] = now
	r.next++
	if r.next == len(r.taken) {
		r.next, r.full = 0, true
	}
}
