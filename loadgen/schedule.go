package loadgen

import (
	"iter"
	"time"

	"github.com/ombak-sim/ombak/journey"
)

// Caller is one person who comes.
type Caller = journey.Caller

// Callers yields all people of the run, or of this generator's part of it, in order of their
// instants. The same Config yields the same people at the same instants.
func (c Config) Callers() iter.Seq[Caller] { return c.callers(c.Part, max(1, c.Parts)) }

// callers yields every shards-th person.
func (c Config) callers(shard, shards int) iter.Seq[Caller] {
	return journey.Crowd{
		Seed: c.Seed, People: c.People, Signups: c.Signups, Visitors: c.Visitors,
		Clock: c.Journey.Clock, Lead: journey.New(c.Journey, nil).Lead(),
	}.Part(shard, shards)
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
	if !s.more || s.pending.Opens > now {
		return Caller{}, false
	}
	caller := s.pending
	s.pending, s.more = s.next()
	return caller, true
}
