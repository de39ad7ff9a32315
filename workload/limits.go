package workload

import (
	"math"
	"time"
)

// Quota counts the requests accepted in one period of [QuotaTerms], in scenario time.
type Quota struct {
	limit  int           // 0 means none
	per    time.Duration // length of a period
	offset time.Duration // from the beginning of the period of time zero to time zero of the scenario
	period int64         // since that of time zero
	used   int
}

// NewQuota returns the quota of a scenario that opens at the given instant.
func NewQuota(terms QuotaTerms, opens time.Time) Quota {
	sinceMidnight := terms.Zone.sinceMidnight(opens)
	return Quota{limit: terms.Most, per: terms.period(), offset: sinceMidnight % terms.period()}
}

// Change sets other terms. What has been used of the current period stays used, if its length is the same.
func (q *Quota) Change(terms QuotaTerms) {
	if per := terms.period(); per != q.per {
		q.offset, q.period, q.used = q.offset%per, 0, 0
		q.per = per
	}
	q.limit = terms.Most
}

// Allows reports whether one more request may be accepted at a scenario time, if only the share left of the quota is
// available. A new period starts with no requests.
func (q *Quota) Allows(scenario time.Duration, left float64) bool {
	if q.limit == 0 {
		return true
	}
	if now := int64((scenario + q.offset) / q.per); now > q.period {
		q.period, q.used = now, 0
	}
	return q.used < q.open(left)
}

// open returns the share left of the quota.
func (q *Quota) open(left float64) int { return int(float64(q.limit) * left) }

// Take records an accepted request.
func (q *Quota) Take() { q.used++ }

// Left returns how many more requests the period of the last call of Allows admits, if only the share left of the quota is
// available. It returns false if there is no quota.
func (q *Quota) Left(left float64) (requests int, limited bool) {
	return max(0, q.open(left)-q.used), q.limit > 0
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
