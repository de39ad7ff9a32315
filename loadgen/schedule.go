package loadgen

import (
	"iter"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/workload"
)

// peoplePurpose keys the permutation that draws who comes, without replacement.
var peoplePurpose = workload.NewPurpose("arrivals/people")

// Caller is one person who comes.
type Caller struct {
	Person  uint64        // index in the population
	At      time.Duration // real time of the step that arrivals are scheduled at
	Visitor bool          // only looks
	opens   time.Duration // real time from which the person must be known
}

// Callers yields all people of the run in order of their instants, holding one bin of each stream
// in memory. The same Config yields the same people at the same instants.
func (c Config) Callers() iter.Seq[Caller] { return c.callers(0, 1) }

// callers yields every shards-th person. Person k of the sign-ups has ordinal k, visitors follow
// after all of them, and a permutation draws the person from the ordinal: no person comes twice.
func (c Config) callers(shard, shards int) iter.Seq[Caller] {
	people := workload.NewPermutation(c.Seed, peoplePurpose, c.People)
	walkers := uint64(c.Signups.Bins.Total())
	lead := journey.New(c.Journey, nil).Lead()
	clock := c.Journey.Clock
	return func(yield func(Caller) bool) {
		offer := func(arrival workload.Arrival, visitor bool) bool {
			if arrival.Ordinal%uint64(shards) != uint64(shard) {
				return true
			}
			ordinal := arrival.Ordinal
			if visitor {
				ordinal += walkers
			}
			return yield(Caller{Person: people.At(ordinal), At: clock.Real(arrival.At), Visitor: visitor, opens: clock.Real(arrival.At - lead)})
		}
		merge(c.Signups.All(), c.Visitors.All(), offer)
	}
}

// merge offers the arrivals of both streams in order of time until an offer is refused.
func merge(signups, visitors iter.Seq[workload.Arrival], offer func(arrival workload.Arrival, visitor bool) bool) {
	next, stop := iter.Pull(visitors)
	defer stop()
	visitor, more := next()
	for arrival := range signups {
		for ; more && visitor.At <= arrival.At; visitor, more = next() {
			if !offer(visitor, true) {
				return
			}
		}
		if !offer(arrival, false) {
			return
		}
	}
	for ; more; visitor, more = next() {
		if !offer(visitor, true) {
			return
		}
	}
}

// schedule tells a shard whom to expect next.
type schedule struct {
	next    func() (Caller, bool)
	stop    func()
	pending Caller
	more    bool
}

func newSchedule(config Config, shard, shards int) *schedule {
	s := &schedule{}
	s.next, s.stop = iter.Pull(config.callers(shard, shards))
	s.pending, s.more = s.next()
	return s
}

// due returns the next person who must be known at the given real time.
func (s *schedule) due(now time.Duration) (Caller, bool) {
	if !s.more || s.pending.opens > now {
		return Caller{}, false
	}
	caller := s.pending
	s.pending, s.more = s.next()
	return caller, true
}
