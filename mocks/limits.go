package mocks

import (
	"math"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// quota counts the requests taken on one day of WIB (UTC+7) in scenario time.
type quota struct {
	limit  int           // 0 means none
	offset time.Duration // from midnight WIB to time zero of the scenario
	day    int64         // since the day of time zero
	used   int
}

const day = 24 * time.Hour

func newQuota(limit int, opens time.Time) quota {
	const wib = 7 * time.Hour
	local := opens.UTC().Add(wib)
	return quota{limit: limit, offset: local.Sub(local.Truncate(day))}
}

// allows says whether one more request may be taken when the share left of the quota counts; a new
// day starts from nothing.
func (q *quota) allows(scenario time.Duration, left float64) bool {
	if today := int64((scenario + q.offset) / day); today > q.day {
		q.day, q.used = today, 0
	}
	return q.limit == 0 || q.used < q.today(left)
}

// today returns the quota of which a share is left.
func (q *quota) today(left float64) int { return int(float64(q.limit) * left) }

func (q *quota) take() { q.used++ }

// rateWindow allows at most n requests in any window of n/rate seconds, where n is the rate per
// second rounded up: the window is one second for a whole number, and the long-run rate is exact
// for others.
//
// Note: a token bucket would let twice the rate pass in one second after a pause, which is not
// "most requests taken per second".
type rateWindow struct {
	window time.Duration
	taken  []time.Duration // the latest n instants, as a ring; empty means no limit
	next   int
	full   bool
}

const largestWindow = 1 << 16 // requests; faster rates get a shorter window

func newRateWindow(rate workload.Rate) rateWindow {
	if rate <= 0 {
		return rateWindow{}
	}
	n := min(math.Ceil(rate.PerSecond()), largestWindow)
	return rateWindow{
		window: time.Duration(n / rate.PerSecond() * float64(time.Second)),
		taken:  make([]time.Duration, int(n)),
	}
}

func (r *rateWindow) allows(now time.Duration) bool {
	return !r.full || r.taken[r.next]+r.window <= now
}

func (r *rateWindow) take(now time.Duration) {
	if len(r.taken) == 0 {
		return
	}
	r.taken[r.next] = now
	r.next++
	if r.next == len(r.taken) {
		r.next, r.full = 0, true
	}
}
