package workload

import (
	"math"
	"time"
)

// Quota counts the requests accepted on one day of WIB (UTC+7) in scenario time.
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

// Allows reports whether one more request may be accepted at a scenario time, if only the share left of the quota is
// available. A new day starts with no requests.
func (q *Quota) Allows(scenario time.Duration, left float64) bool {
	if today := int64((scenario + q.offset) / day); today > q.day {
		q.day, q.used = today, 0
	}
	return q.limit == 0 || q.used < q.today(left)
}

// today returns the share left of the quota.
func (q *Quota) today(left float64) int { return int(float64(q.limit) * left) }

// Take records an accepted request.
func (q *Quota) Take() { q.used++ }

// Left returns how many more requests the day of the last call of Allows admits, if only the share left of the quota is
// available. It returns false if there is no quota.
func (q *Quota) Left(left float64) (requests int, limited bool) {
	return max(0, q.today(left)-q.used), q.limit > 0
}

// RateWindow allows at most n requests in any window of n/rate seconds, where n is the rate per
// second rounded up. The window is one second for a whole number, and for other rates the long-run rate is exact.
//
// Note: after a pause a token bucket would pass twice the rate in one second, which is not
// "most requests accepted per second".
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

// Allows reports whether one more request may be accepted now. The time must not run backwards.
func (r *RateWindow) Allows(now time.Duration) bool {
	return !r.full || r.taken[r.next]+r.window <= now
}

// Take records a request that is accepted now.
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
