package drill

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// summing adds the readings of one station by several parts. The zero value is ready.
type summing struct {
	latest map[string]map[any]funnel.Reading // by station
	at     map[string]time.Duration          // of the last sum
}

// of returns the reading of a station by all parts that have it, once one of them has another. The longest queue is then the
// sum of the longest queues, which they need not have had at one time.
func (s *summing) of(from any, reading funnel.Reading) funnel.Reading {
	name := reading.Station
	if s.latest == nil {
		s.latest, s.at = map[string]map[any]funnel.Reading{}, map[string]time.Duration{}
	}
	if s.latest[name] == nil {
		s.latest[name] = map[any]funnel.Reading{}
	}
	s.latest[name][from] = reading
	if len(s.latest[name]) == 1 {
		return reading
	}
	sum := reading
	for part, other := range s.latest[name] {
		if part != from {
			sum = plus(sum, other)
		}
	}
	sum.At = max(sum.At, s.at[name]) // what another machine says may come late
	s.at[name] = sum.At
	return sum
}

// plus adds the counts and times of another reading of a station.
func plus(r, other funnel.Reading) funnel.Reading {
	r.Servers, r.Busy, r.Queued, r.QueueMax = r.Servers+other.Servers, r.Busy+other.Busy, r.Queued+other.Queued, r.QueueMax+other.QueueMax
	r.Arrivals, r.Completions, r.Rejections, r.Wasted = r.Arrivals+other.Arrivals, r.Completions+other.Completions, r.Rejections+other.Rejections, r.Wasted+other.Wasted
	r.BusyTime, r.QueueTime = r.BusyTime+other.BusyTime, r.QueueTime+other.QueueTime
	r.Batches, r.SyncTime, r.BusySquare = r.Batches+other.Batches, r.SyncTime+other.SyncTime, r.BusySquare+other.BusySquare
	return r
}
