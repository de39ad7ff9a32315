package resilience_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
	"pgregory.net/rapid"
)

// lot returns what a person draws in a round.
func lot(person uint64) func(round uint64) uint32 {
	return func(round uint64) uint32 { return rand.New(rand.NewPCG(person, round)).Uint32() }
}

// asker asks a doorkeeper and keeps all tickets.
type asker struct {
	person  uint64
	comes   int // tick of the first request
	tickets []resilience.Place
	in      int // tick of admission, -1 before
}

func (a *asker) ask(k *resilience.Doorkeeper, tick int, now time.Duration, shown resilience.Place) {
	place, wait, in := k.Ask(now, a.person, shown, lot(a.person))
	if !slices.Contains(a.tickets, place) {
		a.tickets = append(a.tickets, place)
	}
	if in && a.in < 0 {
		a.in = tick
	}
	if !in && wait <= 0 {
		panic("waits for no time")
	}
}

// TestDoorkeeper: people may show their ticket, show an old one, show none, and ask as often as they like.
// They enter exactly when they would have with one honest place, and so does everybody else.
func TestDoorkeeper(t *testing.T) { rapid.Check(t, doorkeeper) }

func FuzzDoorkeeper(f *testing.F) { f.Fuzz(rapid.MakeFuzz(doorkeeper)) }

func doorkeeper(t *rapid.T) {
	const ticks, tick = 60, 500 * time.Millisecond
	config := drawRoom(t)
	if config.Order == resilience.ServingNumber { // some lapse, and need a new number
		config.Grace = time.Duration(rapid.IntRange(1, 40).Draw(t, "grace")) * time.Second
	}
	comes := rapid.SliceOfN(rapid.IntRange(0, ticks/2), 1, 30).Draw(t, "comes")
	cheats := rapid.SliceOfN(rapid.Bool(), len(comes), len(comes)).Draw(t, "cheats")
	play := func(cheating bool) (in []int, given uint64) {
		keeper := resilience.NewDoorkeeper(config)
		people := make([]asker, len(comes))
		for i := range people {
			people[i] = asker{person: uint64(i), comes: comes[i], in: -1}
		}
		for at := range ticks {
			for i := range people {
				switch a := &people[i]; {
				case at < a.comes:
				case !cheating || !cheats[i]:
					a.ask(keeper, at, time.Duration(at)*tick, last(a.tickets))
				default:
					for range rapid.IntRange(1, 3).Draw(t, "asks") {
						shown := append([]resilience.Place{{}}, a.tickets...)
						a.ask(keeper, at, time.Duration(at)*tick, rapid.SampledFrom(shown).Draw(t, "shown"))
					}
				}
			}
		}
		for _, a := range people {
			in = append(in, a.in)
		}
		given, _ = keeper.Counts(ticks * tick)
		return in, given
	}
	honest, fair := play(false)
	others, given := play(true)
	if !slices.Equal(others, honest) || given != fair {
		t.Fatalf("in at %v with %d places, cheating at %v with %d, by %+v; cheats: %v", honest, fair, others, given, config, cheats)
	}
}

func last(places []resilience.Place) (place resilience.Place) {
	if len(places) > 0 {
		place = places[len(places)-1]
	}
	return place
}

// TestDoorkeeperForgets: of a million people who were admitted few are remembered; all who wait are.
func TestDoorkeeperForgets(t *testing.T) {
	const people, waiting = 1_000_000, 3000
	keeper := resilience.NewDoorkeeper(resilience.RoomConfig{Order: resilience.FIFO, Rate: 1000})
	var now time.Duration
	for person := range uint64(people) {
		now += time.Millisecond
		if _, _, in := keeper.Ask(now, person, resilience.Place{}, lot(person)); !in {
			t.Fatal("somebody waits although nobody is ahead")
		}
	}
	if n := keeper.Len(); n > 2048 {
		t.Errorf("%d people are remembered, and none waits", n)
	}
	places := map[uint64]resilience.Place{}
	for range 3 {
		for person := uint64(people); person < people+waiting; person++ {
			place, _, _ := keeper.Ask(now, person, resilience.Place{}, lot(person))
			if before, known := places[person]; known && place != before {
				t.Fatalf("person %d waited at %+v and now at %+v", person, before, place)
			}
			places[person] = place
		}
	}
	if given, _ := keeper.Counts(now); given != people+waiting {
		t.Errorf("%d places were given to %d people", given, people+waiting)
	}
	now += time.Hour
	for person := range uint64(2 * waiting) {
		keeper.Ask(now+time.Duration(person)*time.Millisecond, person, resilience.Place{}, lot(person))
	}
	if n := keeper.Len(); n > 3*waiting {
		t.Errorf("%d people are remembered long after", n)
	}
}

// TestDoorkeeperBoundsTheForgotten: a person who enters, is forgotten and asks again is behind all who wait,
// and has no second place while waiting.
func TestDoorkeeperBoundsTheForgotten(t *testing.T) {
	const greedy = 3
	for _, config := range []resilience.RoomConfig{
		{Order: resilience.FIFO, Rate: 100}, {Order: resilience.Lottery, Rate: 100, Round: time.Second}, {Order: resilience.ServingNumber, Rate: 100, Grace: time.Minute},
	} {
		keeper := resilience.NewDoorkeeper(config)
		waits := map[uint64]resilience.Place{}
		for i := range 30_000 { // more new people than are admitted, so that there is much to forget
			now := time.Duration(i) * 7 * time.Millisecond
			keeper.Ask(now, uint64(greedy+i), resilience.Place{}, lot(uint64(greedy+i)))
			if i%10 != 0 {
				continue
			}
			for person := range uint64(greedy) {
				place, _, in := keeper.Ask(now, person, resilience.Place{}, lot(person))
				if before, waiting := waits[person]; waiting && place != before {
					t.Fatalf("%s: person %d waits at %+v and at %+v", config.Order, person, before, place)
				}
				if waits[person] = place; in {
					delete(waits, person)
				}
			}
		}
	}
}
