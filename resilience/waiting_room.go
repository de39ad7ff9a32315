package resilience

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"time"
)

// Order says who of a waiting room is next.
type Order string

// The orders.
const (
	FIFO          Order = "fifo"           // who came first; a turn does not lapse
	Lottery       Order = "lottery"        // chance among all who came in the same round, the rounds one after the other
	ServingNumber Order = "serving-number" // who came first; a turn that is not taken lapses
)

// RoomConfig describes a [Room].
type RoomConfig struct {
	Order Order         `json:"order"`
	Rate  float64       `json:"rate"`            // people let in per second
	Burst int           `json:"burst,omitempty"` // turns that can be saved while nobody waits; 0 means 1
	Round time.Duration `json:"round,omitempty"` // lottery: how long a round is open
	Grace time.Duration `json:"grace,omitempty"` // serving-number: how long a turn lasts
}

// Validate returns the first fault of the description.
func (c RoomConfig) Validate() error {
	switch {
	case c.Order != FIFO && c.Order != Lottery && c.Order != ServingNumber:
		return fmt.Errorf("the order %q is unknown; use %s, %s or %s", c.Order, FIFO, Lottery, ServingNumber)
	case !(c.Rate > 0) || math.IsInf(c.Rate, 0) || c.Burst < 0:
		return fmt.Errorf("rate is %v and burst %d; the rate must be above 0 and the burst 0 or more", c.Rate, c.Burst)
	case (c.Order == Lottery) != (c.Round > 0) || c.Round < 0:
		return fmt.Errorf("round is %v; a lottery needs one above 0, the other orders none", c.Round)
	case (c.Order == ServingNumber) != (c.Grace > 0) || c.Grace < 0:
		return fmt.Errorf("grace is %v; serving-number needs one above 0, the other orders none", c.Grace)
	}
	return nil
}

// Place is a person's place in a waiting room. The person keeps it, signed by whoever issued it; the
// room remembers nobody, only how many places it has given and how many turns have come up. Who may ask
// without showing it needs a [Doorkeeper].
type Place struct {
	Round  uint64 `json:"round,omitempty"`  // lottery: the round that it was drawn in
	Number uint64 `json:"number,omitempty"` // counted from 1; lottery: drawn, 0 to 2^32-1
}

// IsZero reports whether it is no place at all.
func (p Place) IsZero() bool { return p == Place{} }

// Room lets people in at a rate that what lies behind can bear, and gives the others a place to come
// back with. Turns come up Rate times a second as long as somebody has a place for them, at most Burst
// in reserve; no one passes who has no place, and nobody before their turn.
//
// The dam of a token bucket (Turner, IEEE Communications Magazine 24 (1986)) with the places in front
// of it numbered. A lottery gives those who come in one round the same chance, whoever has the faster
// line; random order leaves the mean wait as it is and only spreads it (Kingman, "The Effect of Queue
// Discipline on Waiting Time Variance", Proceedings of the Cambridge Philosophical Society 58 (1962)).
type Room struct {
	config RoomConfig
	last   time.Duration
	issued uint64  // places given
	turns  float64 // of them have come up, those in reserve included
	rounds []round // lottery: those with somebody whose turn has not come, by number
	first  uint64  // number of the first of them, from 1
	lapses lapses
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

// Take gives somebody new a place. Chance, a uniform number, decides a lottery.
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

// Round returns the number of the round that a place taken now is drawn in, 0 where there are none.
func (r *Room) Round(now time.Duration) uint64 {
	if r.config.Order != Lottery {
		return 0
	}
	return r.roundAt(max(now, r.last))
}

// Enter reports whether a place's turn has come, or else how long to wait, an estimate. A place whose
// turn has lapsed, or that the room never gave, is of no use: take a new one.
func (r *Room) Enter(now time.Duration, place Place) (wait time.Duration, in, lapsed bool) {
	r.advance(now)
	switch {
	case !r.gave(place):
		return 0, false, true // of another room, or of one that has been started anew
	case !r.come(place):
		return r.wait(place), false, false
	case r.config.Order == ServingNumber && r.lapses.over(place.Number, r.last-r.config.Grace):
		return 0, false, true
	}
	return 0, true, false
}

// Counts returns how many places it has given, and for how many of them the turn has come. Whether those
// people came back, or ever meant to, it does not know.
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

// gave reports whether the place may be one of its own; a lottery cannot tell of rounds that are over.
func (r *Room) gave(place Place) bool {
	if r.config.Order != Lottery {
		return place.Number != 0 && place.Number <= r.issued
	}
	return place.Round != 0 && place.Round < r.first+uint64(len(r.rounds)) && place.Number <= math.MaxUint32
}

// come reports whether the turn of one of its places has come. In a lottery, of a round of n places k turns
// have come up, and a place is in whose number lies below k/n of all numbers. Until a round is over
// nobody of it is in.
func (r *Room) come(place Place) bool {
	if r.config.Order != Lottery {
		return float64(place.Number) <= r.turns
	}
	if place.Round < r.first {
		return true
	}
	of := r.rounds[place.Round-r.first]
	return place.Round < r.roundAt(r.last) && float64(place.Number)*float64(of.places) < of.turns*(1<<32)
}

// wait estimates how long it is until the turn of one of its places comes.
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

// time returns how long so many turns take.
func (r *Room) time(turns float64) time.Duration {
	return time.Duration(math.Ceil(min(turns/r.config.Rate*float64(time.Second), 1<<62)))
}

// advance lets turns come up. Those that nobody has a place for are saved up to the burst.
func (r *Room) advance(now time.Duration) {
	if now <= r.last {
		return
	}
	gained := r.config.Rate * (now - r.last).Seconds()
	r.last = now
	if r.config.Order == Lottery {
		r.drawOn(gained)
		return
	}
	r.turns = min(r.turns+gained, float64(r.issued)+float64(r.config.Burst))
	r.noteTurns()
}

// noteTurns notes for which places the turn has come. A turn in reserve comes when its place is taken.
func (r *Room) noteTurns() {
	if r.config.Order == ServingNumber {
		r.lapses.note(min(r.issued, uint64(r.turns)), r.last, r.config.Grace)
	}
}

// drawOn gives turns to the rounds that are over, the earliest first.
func (r *Room) drawOn(gained float64) {
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

// lapses remembers when turns came up, to know which have lapsed.
type lapses struct{ marks []lapse }

// lapse says that turns up to the number had come up at the time.
type lapse struct {
	number uint64
	at     time.Duration
}

// resolution is how many marks a grace is divided into, so that memory does not grow with the rate.
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

// over reports whether a number's turn had come up before the given time.
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
		Name: "waiting-room", Does: "lets people in at a rate, and gives the others a place to come back with.", Source: "Turner 1986; Kingman 1962",
		Places: only(AtStep), Live: only(AtStep), Needs: words("rate"), Takes: words("order burst round grace"), Scales: words("rate"),
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
