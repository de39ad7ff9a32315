package resilience

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"time"
)

// Order is the order in which people leave a waiting room.
type Order string

// The orders.
const (
	FIFO          Order = "fifo"           // first come, first served; a turn does not lapse
	Lottery       Order = "lottery"        // random among all who came in the same round, one round after the other
	ServingNumber Order = "serving-number" // first come, first served; a turn that is not taken lapses
)

// RoomConfig describes a [Room].
type RoomConfig struct {
	Order Order         `json:"order"`
	Rate  float64       `json:"rate"`            // people admitted per second
	Burst int           `json:"burst,omitempty"` // most turns saved while nobody waits; 0 means 1
	Round time.Duration `json:"round,omitempty"` // lottery: how long a round is open
	Grace time.Duration `json:"grace,omitempty"` // serving-number: how long a turn lasts
}

// Validate returns the first mistake in the description.
func (c RoomConfig) Validate() error {
	switch {
	case c.Order != FIFO && c.Order != Lottery && c.Order != ServingNumber:
		return fmt.Errorf("the order %q is unknown; use %s, %s or %s", c.Order, FIFO, Lottery, ServingNumber)
	case !(c.Rate > 0) || math.IsInf(c.Rate, 0) || c.Burst < 0:
		return fmt.Errorf("rate is %v and burst %d; the rate must be above 0 and the burst 0 or more", c.Rate, c.Burst)
	case (c.Order == Lottery) != (c.Round > 0) || c.Round < 0:
		return fmt.Errorf("round is %v; a lottery needs a round above 0, the other orders must leave it out", c.Round)
	case (c.Order == ServingNumber) != (c.Grace > 0) || c.Grace < 0:
		return fmt.Errorf("grace is %v; serving-number needs a grace above 0, the other orders must leave it out", c.Grace)
	}
	return nil
}

// Place is a person's place in a waiting room. The person keeps it, signed by the issuer. The room remembers
// no people, only how many places it has given and how many turns have come. A service that lets people ask
// without showing their place needs a [Doorkeeper].
type Place struct {
	Round  uint64 `json:"round,omitempty"`  // lottery: the round in which it was drawn
	Number uint64 `json:"number,omitempty"` // counted from 1; lottery: drawn, 0 to 2^32-1
}

// IsZero reports whether it is the zero place, which means none.
func (p Place) IsZero() bool { return p == Place{} }

// Room admits people at a rate that the service behind it can bear, and gives the others a place with which
// to come back. Turns come Rate times a second as long as somebody has a place for them; at most Burst are
// saved. Nobody passes without a place or before their turn.
//
// It is the dam of a token bucket (Turner, IEEE Communications Magazine 24 (1986)) with numbered places in
// front of it. A lottery gives everybody in a round the same chance, independent of the speed of their line.
// Random order leaves the mean wait as it is and only increases its variance (Kingman, "The Effect of Queue
// Discipline on Waiting Time Variance", Proceedings of the Cambridge Philosophical Society 58 (1962)).
type Room struct {
	config RoomConfig
	last   time.Duration
	issued uint64  // places given
	turns  float64 // turns that have come, saved ones included
	rounds []round // lottery: rounds with somebody whose turn has not come, by number
	first  uint64  // number of the first of these rounds, from 1
	lapses lapses
	off    bool // nobody needs a place
}

// round is one draw of a lottery.
type round struct {
	places uint64
	turns  float64
}

// NewRoom returns an empty waiting room. The configuration must be valid.
func NewRoom(config RoomConfig) *Room {
	config.Burst = max(1, config.Burst)
	return &Room{config: config, turns: float64(config.Burst), first: 1}
}

// Take gives a new person a place. Chance, a uniform number, decides a lottery.
func (r *Room) Take(now time.Duration, chance uint32) Place {
	r.advance(now)
	r.issued++
	if r.config.Order != Lottery {
		r.noteTurns()
		return Place{Number: r.issued}
	}
	number := r.roundAt(r.last)
	for r.first+uint64(len(r.rounds)) <= number {
		r.rounds = append(r.rounds, round{})
	}
	r.rounds[number-r.first].places++
	return Place{Round: number, Number: uint64(chance)}
}

// Round returns the number of the round in which a place taken now is drawn, or 0 if the order has no rounds.
func (r *Room) Round(now time.Duration) uint64 {
	if r.config.Order != Lottery {
		return 0
	}
	return r.roundAt(max(now, r.last))
}

// Enter reports whether a place's turn has come. If not, wait is an estimate of the remaining time. A place
// is lapsed if its turn has lapsed or the room never gave it; the person must take a new one.
func (r *Room) Enter(now time.Duration, place Place) (wait time.Duration, in, lapsed bool) {
	r.advance(now)
	switch {
	case !r.mayHaveGiven(place):
		return 0, false, true // of another room, or of a room that has been restarted
	case !r.turnHasCome(place):
		return r.wait(place), false, false
	case r.config.Order == ServingNumber && r.lapses.over(place.Number, r.last-r.config.Grace):
		return 0, false, true
	}
	return 0, true, false
}

// Counts returns how many places the room has given, and for how many of them the turn has come. The room
// does not know whether those people came back.
func (r *Room) Counts(now time.Duration) (places, turns uint64) {
	r.advance(now)
	if r.config.Order != Lottery {
		return r.issued, min(r.issued, uint64(r.turns))
	}
	turns = r.issued
	for _, round := range r.rounds {
		turns -= round.places - uint64(round.turns)
	}
	return r.issued, turns
}

// mayHaveGiven reports whether the room may have given the place. A lottery cannot check places of rounds
// that are over.
func (r *Room) mayHaveGiven(place Place) bool {
	if r.config.Order != Lottery {
		return place.Number != 0 && place.Number <= r.issued
	}
	return place.Round != 0 && place.Round < r.first+uint64(len(r.rounds)) && place.Number <= math.MaxUint32
}

// turnHasCome reports whether the turn of one of the room's places has come. In a lottery, if k turns have
// come for a round of n places, the places with numbers below k/n of all numbers have their turn. No place
// has its turn before its round is over.
func (r *Room) turnHasCome(place Place) bool {
	if r.config.Order != Lottery {
		return float64(place.Number) <= r.turns
	}
	if place.Round < r.first {
		return true
	}
	of := r.rounds[place.Round-r.first]
	return place.Round < r.roundAt(r.last) && float64(place.Number)*float64(of.places) < of.turns*(1<<32)
}

// wait estimates the time until the turn of one of the room's places.
func (r *Room) wait(place Place) time.Duration {
	if r.config.Order != Lottery {
		return r.time(float64(place.Number) - r.turns)
	}
	var ahead float64 // turns of earlier rounds
	for number := r.first; number < place.Round; number++ {
		ahead += float64(r.rounds[number-r.first].places) - r.rounds[number-r.first].turns
	}
	of, current := r.rounds[place.Round-r.first], r.roundAt(r.last)
	high, low := bits.Mul64(place.Number, of.places)
	wait := r.time(ahead + float64(high<<32|low>>32) + 1 - of.turns)
	if place.Round == current {
		wait = max(wait, time.Duration(current)*r.config.Round-r.last)
	}
	return max(wait, 1)
}

// roundAt returns the number of the round that is open.
func (r *Room) roundAt(now time.Duration) uint64 { return 1 + uint64(max(0, now)/r.config.Round) }

// time returns how long a number of turns takes.
func (r *Room) time(turns float64) time.Duration {
	return time.Duration(math.Ceil(min(turns/r.config.Rate*float64(time.Second), 1<<62)))
}

// advance adds the turns that have come. Turns for which nobody has a place are saved, up to the burst.
func (r *Room) advance(now time.Duration) {
	if now <= r.last {
		return
	}
	gained := r.config.Rate * (now - r.last).Seconds()
	r.last = now
	if r.config.Order == Lottery {
		r.advanceRounds(gained)
		return
	}
	r.turns = min(r.turns+gained, float64(r.issued)+float64(r.config.Burst))
	r.noteTurns()
}

// noteTurns records for which places the turn has come. A saved turn comes when its place is taken.
func (r *Room) noteTurns() {
	if r.config.Order == ServingNumber {
		r.lapses.note(min(r.issued, uint64(r.turns)), r.last, r.config.Grace)
	}
}

// advanceRounds gives turns to the rounds that are over, the earliest first.
func (r *Room) advanceRounds(gained float64) {
	r.turns = min(r.turns+gained, max(float64(r.config.Burst), gained))
	current := r.roundAt(r.last)
	for len(r.rounds) > 0 && r.first < current {
		of := &r.rounds[0]
		given := min(r.turns, float64(of.places)-of.turns)
		of.turns += given
		r.turns -= given
		if of.turns < float64(of.places) {
			return
		}
		r.rounds = r.rounds[1:]
		r.first++
	}
	if len(r.rounds) == 0 {
		r.first = max(r.first, current)
	}
}

// lapses records when turns came, to know which have lapsed.
type lapses struct{ marks []lapse }

// lapse records that the turns up to number had come at a time.
type lapse struct {
	number uint64
	at     time.Duration
}

// resolution is the number of marks into which a grace is divided, so that memory does not grow with the
// rate.
const resolution = 64

func (l *lapses) note(number uint64, now, grace time.Duration) {
	n := len(l.marks)
	if number == 0 || n > 0 && number == l.marks[n-1].number {
		return
	}
	if n > 1 && now-l.marks[n-2].at < grace/resolution {
		l.marks[n-1] = lapse{number, now}
	} else {
		l.marks = append(l.marks, lapse{number, now})
	}
	for len(l.marks) > 2 && l.marks[1].at <= now-grace {
		l.marks = l.marks[1:]
	}
}

// over reports whether the turn of a number had come before the given time.
func (l *lapses) over(number uint64, before time.Duration) bool {
	over := false
	for _, mark := range l.marks {
		if mark.at > before {
			break
		}
		over = number <= mark.number
	}
	return over
}

func waitingRoom() Descriptor {
	return Descriptor{
		Name: "waiting-room", Does: "admits people at a rate, and gives the others a place with which to come back.", Source: "Turner 1986; Kingman 1962",
		Places: only(AtStep), Live: only(AtStep), Needs: words("rate"), Takes: words("order burst round grace"), Scales: words("rate"),
		Changes: changing("rate burst", "Those who have a place keep it, and turns come at the new rate from now on; switched off, they pass when they come back.", "places have been given in its order and its rounds, and turns lapse by its grace"),
		Default: func(s Settings) Settings {
			s.Order = cmp.Or(s.Order, string(FIFO))
			switch Order(s.Order) {
			case Lottery:
				s.Round = cmp.Or(s.Round, time.Minute)
			case ServingNumber:
				s.Grace = cmp.Or(s.Grace, 10*time.Minute)
			}
			return s
		},
		Config: func(s Settings) Config {
			return RoomConfig{Order: Order(s.Order), Rate: float64(s.Rate), Burst: s.Burst, Round: s.Round, Grace: s.Grace}
		},
		Asks: AsksPerson,
	}
}
