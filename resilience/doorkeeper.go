package resilience

import "time"

// Doorkeeper stands in front of a [Room] and gives each person one place at a time. Who asks again waits
// at the place given before, whether its ticket is shown or left away: a second place would let the person
// choose the better one, and let all others wait for both.
//
// It remembers a person's place at least until its turn has come, and forgets those whose turn has come
// when there are many: at most 1024 places, or twice as many as waited at the last look, are kept. Whoever
// is forgotten, shows no ticket and asks again is somebody new, at the end of the queue.
//
// Note: a person kept to one place by the draw alone, as the hash of round and person, needs no memory in
// a lottery, but takes a further turn of the round with each request, and in the other orders a further
// number.
type Doorkeeper struct {
	room   *Room
	places map[uint64]Place // by person
	forget int              // at so many places those whose turn has come are forgotten
}

// leastKept keeps small tables from being swept.
const leastKept = 1024

// NewDoorkeeper returns the keeper of an empty room. The configuration must be valid.
func NewDoorkeeper(config RoomConfig) *Doorkeeper {
	return &Doorkeeper{room: NewRoom(config), places: map[uint64]Place{}, forget: leastKept}
}

// Ask returns a person's place and whether its turn has come, or else how long to wait, an estimate. Shown
// is the place of the ticket that the person brought, which must be this room's and this person's; the
// zero place is none. Chance decides a lottery: a uniform number that must follow from the person and the
// round.
func (k *Doorkeeper) Ask(now time.Duration, person uint64, shown Place, chance func(round uint64) uint32) (place Place, wait time.Duration, in bool) {
	for _, place := range [...]Place{shown, k.places[person]} {
		if wait, in, lapsed := k.room.Enter(now, place); !lapsed {
			return place, wait, in
		}
	}
	place = k.room.Take(now, chance(k.room.Round(now)))
	k.places[person] = place
	if len(k.places) >= k.forget {
		k.sweep()
	}
	wait, in, _ = k.room.Enter(now, place)
	return place, wait, in
}

func (k *Doorkeeper) sweep() {
	for person, place := range k.places {
		if k.room.come(place) {
			delete(k.places, person)
		}
	}
	k.forget = max(leastKept, 2*len(k.places))
}

// Counts returns how many places the room has given, and for how many of them the turn has come.
func (k *Doorkeeper) Counts(now time.Duration) (places, turns uint64) { return k.room.Counts(now) }

// Len returns how many people are remembered.
func (k *Doorkeeper) Len() int { return len(k.places) }
