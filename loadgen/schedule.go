package loadgen

import (
	"iter"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/journey"
)

// Caller is one person who arrives.
type Caller = journey.Caller

// Callers yields all people of the run, or of this generator's part of it, in order of time. The same Config yields the
// same people at the same instants.
func (c Config) Callers() iter.Seq[Caller] { return c.callers(c.Part, max(1, c.Parts)) }

// callers yields every shards-th person.
func (c Config) callers(shard, shards int) iter.Seq[Caller] {
	return c.crowd().Part(shard, shards)
}

func (c Config) crowd() journey.Crowd {
	return journey.Crowd{
		Seed: c.Seed, People: c.People, Signups: c.Signups, Visitors: c.Visitors,
		Clock: c.Journey.Clock, Lead: journey.New(c.Journey, nil, nil).Lead(),
	}
}

// schedule yields the people of a shard. Its own goroutine draws them in advance, so that making a large bin never
// delays the shard.
type schedule struct {
	batches chan []Caller
	over    chan struct{}
	batch   []Caller
	pending Caller
	more    bool
	drawing sync.WaitGroup
}

const (
	batchPeople  = 1024 // people in one batch
	batchesAhead = 8
)

func newSchedule(config Config, shard, shards int) *schedule {
	s := &schedule{batches: make(chan []Caller, batchesAhead), over: make(chan struct{})}
	s.drawing.Go(func() {
		defer close(s.batches)
		if config.Closed.People > 0 {
			return
		}
		var batch []Caller
		for caller := range config.callers(shard, shards) {
			batch = append(batch, caller)
			if len(batch) < batchPeople {
				continue
			}
			if !s.hand(batch) {
				return
			}
			batch = make([]Caller, 0, batchPeople)
		}
		s.hand(batch)
	})
	s.advance()
	return s
}

// hand passes a batch to the shard. It returns false after the shard has stopped.
func (s *schedule) hand(batch []Caller) bool {
	select {
	case s.batches <- batch:
		return true
	case <-s.over:
		return false
	}
}

// advance makes the next person the pending one.
func (s *schedule) advance() {
	for len(s.batch) == 0 {
		batch, open := <-s.batches
		if !open {
			s.more = false
			return
		}
		s.batch = batch
	}
	s.pending, s.batch, s.more = s.batch[0], s.batch[1:], true
}

func (s *schedule) stop() {
	close(s.over)
	s.drawing.Wait()
}

// due returns the next person whose session must exist at the given real time.
func (s *schedule) due(now time.Duration) (Caller, bool) {
	if !s.more || s.pending.Opens > now {
		return Caller{}, false
	}
	caller := s.pending
	s.advance()
	return caller, true
}
