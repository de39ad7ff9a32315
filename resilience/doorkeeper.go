package resilience

import "time"

// Doorkeeper stands in front of a [Room] and gives each person one place at a time. A person who asks again
// keeps the place given before, with or without showing the ticket. With a second place the person could
// choose the better one, and everybody else would wait for both.
//
// It remembers a person's place at least until its turn has come. If it remembers many, it forgets those
// whose turn has come. It keeps at most 1024 places, or twice as many as waited when it last forgot some. A
// forgotten person who asks again without a ticket is new, and goes to the end of the queue.
//
// Note: a place derived from the hash of round and person would need no memory in a lottery. But each request
// would take a further turn of the round, and in the other orders a further number.
type Doorkeeper struct {
	room   *Room
	places map[uint64]Place // place by person
	forget int              // number of places from which those whose turn has come are forgotten
}

// minKept is the fewest places that are swept.
const minKept = 1024

// NewDoorkeeper returns the keeper of an empty room. The configuration must be valid.
func NewDoorkeeper(config RoomConfig) *Doorkeeper {
	return &Doorkeeper{room: NewRoom(config), places: map[uint64]Place{}, forget: minKept}
}

// Ask returns a person's place, and whether its turn has come. If not, wait is an estimate of the remaining
// time. With the room switched off, everybody's has. Shown is the place on the person's ticket, which must be of this room and this person; the zero place
// means none. Chance decides a lottery: it returns a uniform number that depends only on the person and the
// round.
func (k *Doorkeeper) Ask(now time.Duration, person uint64, shown Place, chance func(round uint64) uint32) (place Place, wait time.Duration, in bool) {
	if k.room.Off() {
		return shown, 0, true
	}
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
		if k.room.turnHasCome(place) {
			delete(k.places, person)
		}
	}
	k.forget = max(minKept, 2*len(k.places))
}

// Counts returns how many places the room has given, and for how many of them the turn has come.
func (k *Doorkeeper) Counts(now time.Duration) (places, turns uint64) { return k.room.Counts(now) }

// Len returns the number of people remembered.
func (k *Doorkeeper) Len() int { return len(k.places) }
