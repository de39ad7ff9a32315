package loadgen

import (
	"iter"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/workload"
)

// peoplePurpose keys the permutation that draws who comes, without replacement.
var peoplePurpose = workload.NewPurpose("arrivals/people")

// caller is one person who comes.
type caller struct {
	workload.Arrival
	visitor bool
}

// callers yields the part's and shard's people in order of their scheduled instants, holding one
// bin of each stream in memory. Person k of the sign-ups has ordinal k, visitors follow after all
// of them, so that the two never share a person.
func callers(config Config, shard, shards int) iter.Seq[caller] {
	return func(yield func(caller) bool) {
		visitors, stop := iter.Pull(config.Visitors.All())
		defer stop()
		visitor, more := visitors()
		mine := func(ordinal uint64) bool { return ordinal%uint64(shards) == uint64(shard) }
		for arrival := range config.Signups.All() {
			for ; more && visitor.At <= arrival.At; visitor, more = visitors() {
				if mine(visitor.Ordinal) && !yield(caller{visitor, true}) {
					return
				}
			}
			if mine(arrival.Ordinal) && !yield(caller{arrival, false}) {
				return
			}
		}
		for ; more; visitor, more = visitors() {
			if mine(visitor.Ordinal) && !yield(caller{visitor, true}) {
				return
			}
		}
	}
}

// schedule tells a shard whom to expect next.
type schedule struct {
	next    func() (caller, bool)
	stop    func()
	people  workload.Permutation
	walkers uint64 // people of the sign-up stream, whatever was thinned
	pending caller
	more    bool
	lead    time.Duration // scenario time by which people are made ahead
	clock   workload.Clock
}

func newSchedule(config Config, j *journey.Journey, shard, shards int) *schedule {
	s := &schedule{
		people:  workload.NewPermutation(config.Seed, peoplePurpose, config.People),
		walkers: uint64(config.Signups.Bins.Total()),
		lead:    j.Lead(),
		clock:   config.Journey.Clock,
	}
	s.next, s.stop = iter.Pull(callers(config, shard, shards))
	s.pending, s.more = s.next()
	return s
}

// due returns the next person whose way may begin before the given real time.
func (s *schedule) due(now time.Duration) (person uint64, at time.Duration, visitor, ok bool) {
	if !s.more || s.opensAt() > now {
		return 0, 0, false, false
	}
	ordinal := s.pending.Ordinal
	if s.pending.visitor {
		ordinal += s.walkers
	}
	person, at, visitor = s.people.At(ordinal), s.clock.Real(s.pending.At), s.pending.visitor
	s.pending, s.more = s.next()
	return person, at, visitor, true
}

// opensAt returns the real time from which the next person must be known.
func (s *schedule) opensAt() time.Duration { return s.clock.Real(s.pending.At - s.lead) }
