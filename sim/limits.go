package sim

import (
	"math"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// quota counts the requests taken on one day of WIB (UTC+7) in scenario time.
type quota struct {
	limit  int           // 0 means none
	offset time.Duration // from midnight WIB to time zero of the scenario
	day    int64
	used   int
}

const day = 24 * time.Hour

func newQuota(limit int, opens time.Time) quota {
	const wib = 7 * time.Hour
	local := opens.UTC().Add(wib)
	return quota{limit: limit, offset: local.Sub(local.Truncate(day))}
}

// allows says whether one more request may be taken; a new day starts from nothing.
func (q *quota) allows(scenario time.Duration) bool {
	if today := int64((scenario + q.offset) / day); today > q.day {
		q.day, q.used = today, 0
	}
	return q.used < q.limit
}

// rateWindow allows at most n requests in any window of n/rate seconds, where n is the rate per
// second rounded up, as the mocks do.
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
	if r.next++; r.next == len(r.taken) {
		r.next, r.full = 0, true
	}
}
