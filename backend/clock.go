package backend

import (
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// holds reports whether something that lives for the given time, and ends at an instant, has not ended. An end further
// ahead than its life allows was stamped while the clock was ahead. It does not hold, because it would for as long as the
// clock was ahead. A clock that goes back by an hour ends nothing.
func holds(end, now time.Time, life time.Duration) bool {
	return now.Before(end) && !end.After(store.Latest(now, life))
}

// holdsBy reports the same of a wait, which ends early rather than late if the clock goes back.
func holdsBy(end, now time.Time, wait time.Duration) bool {
	return now.Before(end) && !end.After(now.Add(2*wait))
}
