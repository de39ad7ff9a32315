package fleet

import (
	"math"
	"sync/atomic"
	"time"
)

// Clock is the clock of an agent. A shift and a drift stand for a clock that is wrong; they are 0 but in tests.
type Clock struct {
	began time.Time
	shift time.Duration
	drift float64       // seconds gained each second
	set   *atomic.Int64 // nanoseconds by which a test has set the machine's wall clock; nil if none can
}

// NewClock returns a clock that is ahead by shift from now on, and gains drift microseconds each second.
func NewClock(shift time.Duration, driftPPM float64) Clock {
	return Clock{began: time.Now(), shift: shift, drift: driftPPM / 1e6}
}

// Settable returns a clock whose machine's wall clock can be set, for tests, and the func that sets it forward or back.
func (c Clock) Settable() (_ Clock, set func(by time.Duration)) {
	c.set = new(atomic.Int64)
	return c, func(by time.Duration) { c.set.Add(int64(by)) }
}

// passed returns how much time has passed by the machine's wall clock, which somebody may set, and by its monotonic one.
func (c Clock) passed() (wall, monotonic time.Duration) {
	now := time.Now()
	wall, monotonic = now.Round(0).Sub(c.began.Round(0)), now.Sub(c.began)
	if c.set != nil {
		wall += time.Duration(c.set.Load())
	}
	return wall, monotonic
}

// Now returns what the clock shows. Setting the machine's clock does not change it.
func (c Clock) Now() time.Time { return c.at(time.Since(c.began)) }

func (c Clock) at(elapsed time.Duration) time.Time {
	return c.began.Round(0).Add(elapsed + c.shift + time.Duration(c.drift*float64(elapsed)))
}

// Until returns how long it is until the clock shows an instant.
func (c Clock) Until(at time.Time) time.Duration {
	return time.Duration(float64(at.Sub(c.Now())) / (1 + c.drift))
}

// sighting is one look at another clock, through a round trip.
type sighting struct {
	at     time.Duration // of the middle of the round trip, on the looking clock
	offset time.Duration // by which the other clock is ahead, if both ways took as long
	trip   time.Duration
}

// sightings are looks at one clock, in order of time.
type sightings []sighting

// mostDrift is the most that one clock is believed to gain on another, in seconds each second. Quartz is within 100 ppm,
// and time servers slew a clock by less than 500.
const mostDrift = 500e-6

// reading is what is known of another clock at an instant.
type reading struct {
	offset, bound time.Duration
	contradictory bool // no offset agrees with all looks: somebody set a clock
}

// read returns the offset at an instant. Each look says that it lies within half a round trip of what was seen, and as much
// more as clocks may have drifted since; what agrees with all looks is the answer. It is true if no clock was set and none
// drifts by more than mostDrift.
func (s sightings) read(at time.Duration) reading {
	if len(s) == 0 {
		return reading{bound: math.MaxInt64}
	}
	low, high := math.Inf(-1), math.Inf(1)
	for _, look := range s {
		slack := float64(look.trip)/2 + mostDrift*(math.Abs(float64(at-look.at))+float64(look.trip)/2)
		low, high = max(low, float64(look.offset)-slack), min(high, float64(look.offset)+slack)
	}
	r := reading{offset: time.Duration((low + high) / 2), bound: time.Duration(math.Ceil((high - low) / 2)), contradictory: low > high}
	if r.contradictory {
		r.bound = time.Duration(low - high) // at least so much is wrong
	}
	return r
}

// drift fits a straight line to the looks with the shortest round trips, each weighed by the inverse square of its trip,
// and returns the slope. It is unknown if the looks span less than ten seconds.
func (s sightings) drift() (slope float64, known bool) {
	const shortest = 10 * time.Second
	if len(s) < 2 || s[len(s)-1].at-s[0].at < shortest {
		return 0, false
	}
	least := s[0].trip
	for _, look := range s {
		least = min(least, look.trip)
	}
	var w, wx, wy, wxx, wxy float64
	for _, look := range s {
		if look.trip > 3*least {
			continue
		}
		weight := 1 / math.Pow(max(1e-6, look.trip.Seconds()), 2)
		x, y := look.at.Seconds(), look.offset.Seconds()
		w, wx, wy, wxx, wxy = w+weight, wx+weight*x, wy+weight*y, wxx+weight*x*x, wxy+weight*x*y
	}
	spread := w*wxx - wx*wx
	if spread <= 0 {
		return 0, false
	}
	return (w*wxy - wx*wy) / spread, true
}

// thin keeps the look with the shortest round trip of every second, so that a long run takes little memory.
func (s sightings) thin() sightings {
	var kept sightings
	for _, look := range s {
		last := len(kept) - 1
		if last < 0 || kept[last].at/time.Second != look.at/time.Second {
			kept = append(kept, look)
		} else if look.trip < kept[last].trip {
			kept[last] = look
		}
	}
	return kept
}
