package journey

import (
	"iter"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// peoplePurpose keys the permutation that draws who arrives, without replacement.
var peoplePurpose = workload.NewPurpose("arrivals/people")

// Caller is one person who arrives.
type Caller struct {
	Person  uint64        // index in the population
	At      time.Duration // real time of the step that arrivals are scheduled at
	Visitor bool          // only looks
	Ordinal uint32        // place among all people of the crowd, modulo 2³²: those who sign up, then visitors
	Opens   time.Duration // real time by which the person's walk must exist
}

// Crowd defines who arrives in a run, and when. Both drivers draw their people from it.
type Crowd struct {
	Seed     workload.Seed
	People   uint64            // size of the population that people are drawn from
	Signups  workload.Arrivals // people who walk the journey
	Visitors workload.Arrivals // people who take only the first step
	Clock    workload.Clock
	Lead     time.Duration // scenario time by which people are drawn before they arrive; see [Journey.Lead]

	count uint64 // of all people; see [Crowd.Counted]
}

// blockSize is the number of people drawn at once, which is faster than one by one.
const blockSize = 64

// Permutation returns the permutation that draws the person from an ordinal.
func (c Crowd) Permutation() workload.Permutation {
	return workload.NewPermutation(c.Seed, peoplePurpose, c.People)
}

// Part yields every parts-th person in order of their instants, holding one bin of each stream in
// memory. The same Crowd yields the same people at the same instants. Person k of the sign-ups has
// ordinal k, visitors follow after all of them, and a permutation draws the person from the ordinal,
// so no person arrives twice.
func (c Crowd) Part(part, parts int) iter.Seq[Caller] {
	return func(yield func(Caller) bool) {
		for block := range c.blocks(part, parts) {
			for _, caller := range block {
				if !yield(caller) {
					return
				}
			}
		}
	}
}

// Blocks yields all people in blocks. A block is valid until the next one.
func (c Crowd) Blocks() iter.Seq[[]Caller] { return c.blocks(0, 1) }

func (c Crowd) blocks(part, parts int) iter.Seq[[]Caller] {
	people := c.Permutation()
	walkers := uint64(c.Signups.Total())
	return func(yield func([]Caller) bool) {
		block, ordinals := make([]Caller, 0, blockSize), make([]uint64, 0, blockSize)
		draw := func() []Caller {
			people.AtEach(ordinals)
			for i, person := range ordinals {
				block[i].Person = person
			}
			return block
		}
		whole := merge(c.Signups.All(), c.Visitors.All(), func(arrival workload.Arrival, visitor bool) bool {
			if arrival.Ordinal%uint64(parts) != uint64(part) {
				return true
			}
			ordinal := arrival.Ordinal
			if visitor {
				ordinal += walkers
			}
			block = append(block, Caller{At: c.Clock.Real(arrival.At), Visitor: visitor, Ordinal: uint32(ordinal), Opens: c.Clock.Real(arrival.At - c.Lead)})
			ordinals = append(ordinals, ordinal)
			if len(block) < blockSize {
				return true
			}
			more := yield(draw())
			block, ordinals = block[:0], ordinals[:0]
			return more
		})
		if whole && len(block) > 0 {
			yield(draw())
		}
	}
}

// merge yields the arrivals of both streams in order of time until one is refused. It reports whether none was.
func merge(signups, visitors iter.Seq[workload.Arrival], offer func(arrival workload.Arrival, visitor bool) bool) bool {
	next, stop := iter.Pull(visitors)
	defer stop()
	visitor, more := next()
	for arrival := range signups {
		for ; more && visitor.At <= arrival.At; visitor, more = next() {
			if !offer(visitor, true) {
				return false
			}
		}
		if !offer(arrival, false) {
			return false
		}
	}
	for ; more; visitor, more = next() {
		if !offer(visitor, true) {
			return false
		}
	}
	return true
}
