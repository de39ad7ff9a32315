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

	count uint64 // of all numbers that people may have; see [Crowd.Counted]
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
	ordinalOf, _ := c.ordinals()
	return func(yield func([]Caller) bool) {
		block, ordinals := make([]Caller, 0, blockSize), make([]uint64, 0, blockSize)
		draw := func() []Caller {
			people.AtEach(ordinals)
			for i, person := range ordinals {
				block[i].Person = person
			}
			return block
		}
		merge(c.Signups.All(), c.Visitors.All(), func(arrival workload.Arrival, visitor bool) bool {
			if arrival.Ordinal%uint64(parts) != uint64(part) {
				return true
			}
			ordinal := ordinalOf(arrival.Ordinal, visitor)
			if ordinal >= c.People {
				return true // a renewal process may have more people than it is expected to
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
		if len(block) > 0 {
			yield(draw())
		}
	}
}

// ordinals returns the func that numbers all people of both streams, and how many numbers they need. People of a scale
// of at most 1 come first: the sign-ups, then the visitors. Those whom a greater scale adds follow, with even numbers for
// sign-ups and odd ones for visitors if there are both. So people are the same whatever the scale.
func (c Crowd) ordinals() (of func(ordinal uint64, visitor bool) uint64, numbers uint64) {
	if c.Visitors.Bins.Total() == 0 && c.Signups.Renewal != nil && c.Signups.Scale <= 1 { // do not draw all gaps to count them
		return func(ordinal uint64, _ bool) uint64 { return ordinal }, uint64(c.Signups.Bins.Total())
	}
	walkers := uint64(c.Signups.Base().Total())
	if c.Signups.Scale <= 1 && c.Visitors.Scale <= 1 {
		return func(ordinal uint64, visitor bool) uint64 {
			if visitor {
				ordinal += walkers
			}
			return ordinal
		}, walkers + uint64(c.Visitors.Total())
	}
	lookers := uint64(c.Visitors.Base().Total())
	moreWalkers, moreLookers := uint64(c.Signups.Total())-walkers, uint64(c.Visitors.Total())-lookers
	both := uint64(2)
	if walkers+moreWalkers == 0 || lookers+moreLookers == 0 {
		both = 1
	}
	return func(ordinal uint64, visitor bool) uint64 {
		switch {
		case !visitor && ordinal < walkers:
			return ordinal
		case !visitor:
			return walkers + lookers + both*(ordinal-walkers)
		case ordinal < lookers:
			return walkers + ordinal
		}
		return walkers + lookers + both*(ordinal-lookers) + both - 1
	}, walkers + lookers + both*max(moreWalkers, moreLookers)
}

// Numbers returns the size that the population must have at least.
func (c Crowd) Numbers() uint64 {
	_, numbers := c.ordinals()
	return numbers
}

// merge yields the arrivals of both streams in order of time until one is refused.
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
