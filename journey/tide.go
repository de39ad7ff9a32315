package journey

import (
	"iter"
	"math"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// MostAdded is the most people who can be added for each who comes.
const MostAdded = 9

var (
	keptPurpose  = workload.NewPurpose("arrivals/kept")
	addedPurpose = workload.NewPurpose("arrivals/added")
)

// Tide says how many of the people who are about to come do so. It concerns those whose first step lies ahead. The zero
// Tide keeps everybody away; see [Even].
type Tide struct {
	Factor float64 `json:"factor"`         // below 1 some stay away, above 1 others come too
	Held   bool    `json:"held,omitempty"` // nobody comes
}

// Even returns the tide that changes nothing.
func Even() Tide { return Tide{Factor: 1} }

// Admits reports whether somebody comes. Whoever comes at 0.1 comes at 0.2 too. Those who come in addition depend on the
// tide of the one for whom they are added, and come unless nobody does.
func (t Tide) Admits(seed workload.Seed, comer Comer) bool {
	return !t.Held && (comer.Added || t.Factor >= 1 || seed.Uniform(keptPurpose, comer.Person) < t.Factor)
}

// Comer is somebody who is about to take the first step.
type Comer struct {
	Caller
	First time.Duration // real time of the first step
	Added bool          // beyond the scenario's people
}

// Comers holds people until their first step. Places are used again.
type Comers struct {
	held []Comer // by place
	free []int32
}

// Put keeps somebody and returns the place.
func (c *Comers) Put(comer Comer) (place int32) {
	n := len(c.free)
	if n == 0 {
		c.held = append(c.held, comer)
		return int32(len(c.held) - 1)
	}
	place, c.free = c.free[n-1], c.free[:n-1]
	c.held[place] = comer
	return place
}

// Take returns who is at a place, and frees it.
func (c *Comers) Take(place int32) Comer {
	c.free = append(c.free, place)
	return c.held[place]
}

// Comes returns the person as one who is about to take the first step.
func (j *Journey) Comes(caller Caller) Comer {
	if caller.Visitor {
		return Comer{Caller: caller, First: caller.At}
	}
	p := &j.paths[j.pathOf(caller.Person)]
	first := j.begins(p, caller.Person, caller.At)
	if p.start > 0 {
		first = j.config.Clock.Real(j.config.Clock.Scenario(first) - j.leadOf(p, caller.Person))
	}
	return Comer{Caller: caller, First: first}
}

// leadOf returns the scenario time that a person takes for the steps before the scheduled one.
func (j *Journey) leadOf(p *path, person uint64) (lead time.Duration) {
	for i := p.start - 1; i >= 0; i-- {
		lead += min(j.think(person, p.steps[i+1], 0), p.thinks[i+1])
	}
	return lead
}

// spread is the real time after somebody's first step within which those added for them take theirs.
const spread = time.Second

// Added yields the people who come in addition to one who does, if the tide is above 1. They are beyond the people of the
// crowd, and each is the same in every run of the same seed.
func (t Tide) Added(crowd Crowd, j *Journey, comer Comer) iter.Seq[Comer] {
	return func(yield func(Comer) bool) {
		if t.Factor <= 1 || comer.Added {
			return
		}
		more, ordinal := t.Factor-1, uint64(comer.Ordinal)
		count := int(more)
		if crowd.Seed.Uniform(addedPurpose, ordinal) < more-math.Floor(more) {
			count++
		}
		people, first := crowd.Permutation(), crowd.count+ordinal*MostAdded
		for k := range min(count, MostAdded) {
			added := Comer{Added: true}
			added.Visitor, added.Person = comer.Visitor, people.At(first+uint64(k))
			stream := crowd.Seed.Stream(addedPurpose, ordinal, 0, k+1)
			added.First = comer.First + time.Duration(stream.Float64()*float64(spread))
			added.At = j.scheduledFor(added)
			added.Opens = added.First
			if !yield(added) {
				return
			}
		}
	}
}

// scheduledFor returns the instant that arrivals would schedule for somebody who takes the first step at a given time.
func (j *Journey) scheduledFor(comer Comer) time.Duration {
	if comer.Visitor {
		return comer.First
	}
	clock := j.config.Clock
	p, first := &j.paths[j.pathOf(comer.Person)], clock.Scenario(comer.First)
	lead := j.leadOf(p, comer.Person)
	if step := p.steps[p.start]; j.errs(comer.Person, step) {
		fix := j.draw(&j.config.Steps[step].Typo.Fix, j.chance.fix, comer.Person, j.keys[step], 0)
		lead += min(fix, p.fix)
	}
	return clock.Real(first + lead)
}

// RoomFor reports whether a population is large enough for the most people that a tide can add to a crowd.
func (c Crowd) RoomFor() bool {
	numbers := c.Counted().count
	return numbers <= math.MaxUint32 && numbers*(1+MostAdded) <= c.People
}

// Counted returns the crowd with its people counted once, as [Tide.Added] needs. A renewal process may have more people
// than numbers.
func (c Crowd) Counted() Crowd {
	c.count = max(c.Numbers(), uint64(c.Signups.Total()+c.Visitors.Total()))
	return c
}
