package resilience_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
	"pgregory.net/rapid"
)

func drawRoom(t *rapid.T) resilience.RoomConfig {
	config := resilience.RoomConfig{
		Order: rapid.SampledFrom([]resilience.Order{resilience.FIFO, resilience.Lottery, resilience.ServingNumber}).Draw(t, "order"),
		Rate:  rapid.Float64Range(0.1, 20).Draw(t, "rate"), Burst: rapid.IntRange(0, 5).Draw(t, "burst"),
	}
	switch config.Order {
	case resilience.Lottery:
		config.Round = time.Duration(rapid.IntRange(1, 20).Draw(t, "round")) * time.Second
	case resilience.ServingNumber:
		config.Grace = time.Hour
	}
	return config
}

// TestRoom: nobody enters before Rate·t + Burst turns have come, a place that has entered stays in, a person
// who comes back when told enters or is told a later time, all enter at last, and the order is first come,
// first served unless it is a lottery.
func TestRoom(t *testing.T) { rapid.Check(t, room) }

func FuzzRoom(f *testing.F) { f.Fuzz(rapid.MakeFuzz(room)) }

func room(t *rapid.T) {
	config := drawRoom(t)
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	r := resilience.NewRoom(config)
	var now time.Duration
	var places []resilience.Place
	entered := map[int]bool{}
	look := func() {
		for i, place := range places {
			wait, in, lapsed := r.Enter(now, place)
			switch {
			case lapsed:
				t.Fatalf("place %d of %+v lapsed within its grace", i, config)
			case entered[i] && !in:
				t.Fatalf("place %d was in and is not any longer", i)
			case !in && wait <= 0:
				t.Fatalf("place %d waits, for %v", i, wait)
			case in:
				entered[i] = true
			}
		}
		given, turns := r.Counts(now)
		if given != uint64(len(places)) || turns > given {
			t.Fatalf("it gave %d places, and %d turns have come; %d were taken", given, turns, len(places))
		}
		if config.Order == resilience.Lottery {
			return // the number is random; see TestLotteryIsFair
		}
		if turns != uint64(len(entered)) {
			t.Fatalf("%d turns have come, %d places are in", turns, len(entered))
		}
		if most := config.Rate*now.Seconds() + float64(max(1, config.Burst)) + 1; float64(len(entered)) > most {
			t.Fatalf("%d are in after %v; at %v/s it can be %.1f", len(entered), now, config.Rate, most)
		}
		for i := 1; i < len(places); i++ {
			if entered[i] && !entered[i-1] {
				t.Fatalf("place %d is in before place %d", i, i-1)
			}
		}
	}
	for range rapid.IntRange(0, 60).Draw(t, "people") {
		now += time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond
		places = append(places, r.Take(now, rapid.Uint32().Draw(t, "chance")))
		look()
	}
	now += time.Duration((float64(len(places))+2)/config.Rate*float64(time.Second)) + config.Round
	look()
	if len(entered) != len(places) {
		t.Fatalf("%d of %d are in at the end", len(entered), len(places))
	}
}

// TestRoomRefusesWhatItDidNotIssue: numbers that were not given, and future rounds, are refused.
func TestRoomRefusesWhatItDidNotIssue(t *testing.T) {
	fifo := resilience.NewRoom(resilience.RoomConfig{Order: resilience.FIFO, Rate: 1000, Burst: 1000})
	for _, place := range []resilience.Place{{}, {Number: 1}, {Number: 1 << 40}} {
		if _, in, lapsed := fifo.Enter(time.Hour, place); in || !lapsed {
			t.Errorf("fifo takes %+v", place)
		}
	}
	lottery := resilience.NewRoom(resilience.RoomConfig{Order: resilience.Lottery, Rate: 1000, Round: time.Second})
	for _, place := range []resilience.Place{{}, {Round: 3601}, {Round: 1 << 60}, {Round: 1, Number: 1 << 33}} {
		if _, in, lapsed := lottery.Enter(time.Hour, place); in || !lapsed {
			t.Errorf("the lottery takes %+v", place)
		}
	}
}

// TestServingNumberLapses: a person who does not come within the grace needs a new number.
func TestServingNumberLapses(t *testing.T) {
	r := resilience.NewRoom(resilience.RoomConfig{Order: resilience.ServingNumber, Rate: 1, Grace: 10 * time.Second})
	var places []resilience.Place
	for range 20 {
		places = append(places, r.Take(0, 0))
	}
	for second := range 15 {
		r.Enter(time.Duration(second)*time.Second, places[19])
	}
	if _, in, lapsed := r.Enter(16*time.Second, places[2]); in || !lapsed {
		t.Error("number 3 came up after 2 s and is still good after 16 s")
	}
	if _, in, lapsed := r.Enter(16*time.Second, places[12]); !in || lapsed {
		t.Error("number 13 came up after 12 s and is no good after 16 s")
	}
}

// TestTurnInReserveLapsesLater: the grace begins when somebody takes the number, not when it becomes
// available.
func TestTurnInReserveLapsesLater(t *testing.T) {
	r := resilience.NewRoom(resilience.RoomConfig{Order: resilience.ServingNumber, Rate: 1, Burst: 5, Grace: 10 * time.Second})
	first := r.Take(0, 0)
	r.Enter(2*time.Second, first)
	second := r.Take(time.Hour, 0)
	for _, row := range []struct {
		why    string
		place  resilience.Place
		at     time.Duration
		lapsed bool
	}{
		{"taken an hour ago", first, time.Hour, true},
		{"just taken, of a turn that was free for an hour", second, time.Hour, false},
		{"within its grace", second, time.Hour + 9*time.Second, false},
		{"after it", second, time.Hour + 11*time.Second, true},
	} {
		if _, in, lapsed := r.Enter(row.at, row.place); lapsed != row.lapsed || in == row.lapsed {
			t.Errorf("%s: in %v, lapsed %v", row.why, in, lapsed)
		}
	}
}

// TestLotteryIsFair: in a round, the first and the second half of the arrivals have the same chance to be
// among the first half admitted. In fifo, only the first half is.
func TestLotteryIsFair(t *testing.T) {
	const people = 10_000
	r := resilience.NewRoom(resilience.RoomConfig{Order: resilience.Lottery, Rate: people, Round: time.Second})
	source := rand.New(rand.NewPCG(1, 2))
	var places []resilience.Place
	for i := range people {
		places = append(places, r.Take(time.Duration(i)*time.Second/people, source.Uint32()))
	}
	var early [2]int
	for i, place := range places {
		if _, in, _ := r.Enter(1500*time.Millisecond, place); in {
			early[2*i/people]++
		}
	}
	// Of 5,000 in each half, half are in: 2,500 with a standard deviation of 35.
	for half, in := range early {
		if in < 2350 || in > 2650 {
			t.Errorf("of half %d %d are in after half the time, want about 2500", half, in)
		}
	}
}

func TestRoomConfigFaults(t *testing.T) {
	for why, config := range map[string]resilience.RoomConfig{
		"no order":                      {Rate: 1},
		"nobody would ever be admitted": {Order: resilience.FIFO},
		"a lottery without a round":     {Order: resilience.Lottery, Rate: 1},
		"a number without a grace":      {Order: resilience.ServingNumber, Rate: 1},
		"fifo has no rounds":            {Order: resilience.FIFO, Rate: 1, Round: 1},
	} {
		if config.Validate() == nil {
			t.Errorf("%s: accepted %+v", why, config)
		}
	}
}

// TestHPA follows the formula of its documentation, look by look.
func TestHPA(t *testing.T) {
	s := resilience.NewScaler(resilience.ScaleConfig{
		Looks: resilience.Looks{Metric: resilience.ByUtilization, Every: 15 * time.Second}, Rule: resilience.HPA, Target: 0.5, Min: 1, Max: 20, Cooldown: 5 * time.Minute,
	})
	for _, row := range []struct {
		why             string
		at              time.Duration
		metric          float64
		servers, wanted int
		want            int
	}{
		{"4 servers at 100 % want 8", 0, 1, 4, 4, 8},
		{"within 10 % nothing happens", time.Minute, 0.54, 8, 8, 8},
		{"the most is 20", 2 * time.Minute, 1, 15, 15, 20},
		{"down only after the cooldown", 3 * time.Minute, 0.1, 20, 20, 20},
		{"the wish of 20 is 5 minutes old and counts", 7 * time.Minute, 0.1, 20, 20, 20},
		{"then to the largest wish of the cooldown", 7*time.Minute + 15*time.Second, 0.1, 20, 20, 4},
	} {
		if got := s.Look(row.at, row.metric, row.servers, row.wanted); got != row.want {
			t.Errorf("%s: %d, want %d", row.why, got, row.want)
		}
	}
}

// TestKPA: the stable window damps changes, and a doubling within the panic window does not wait for it.
func TestKPA(t *testing.T) {
	s := resilience.NewScaler(resilience.ScaleConfig{Looks: resilience.Looks{Metric: resilience.ByConcurrency, Every: 2 * time.Second}, Rule: resilience.KPA, Target: 10, Min: 1, Max: 100})
	var now time.Duration
	servers := 2
	var got []int
	look := func(total float64, looks int) {
		for range looks {
			servers = s.Look(now, total/float64(servers), servers, servers)
			now += 2 * time.Second
		}
		got = append(got, servers)
	}
	look(20, 40) // steady: 20/10
	look(200, 3) // ten times as much for 6 s: panic
	look(10, 3)  // over at once, but a panic lasts at least a minute
	look(10, 80) // then down
	if want := []int{2, 20, 20, 1}; !slices.Equal(got, want) {
		t.Errorf("servers %v, want %v", got, want)
	}
}

// TestScalerStaysInBounds whatever it sees.
func TestScalerStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := resilience.ScaleConfig{
			Rule: rapid.SampledFrom([]string{resilience.HPA, resilience.KPA}).Draw(t, "rule"), Looks: resilience.Looks{Metric: resilience.ByQueue, Every: time.Second}, Target: rapid.Float64Range(0.1, 50).Draw(t, "target"),
			Min: rapid.IntRange(1, 3).Draw(t, "min"), Max: rapid.IntRange(3, 40).Draw(t, "max"), Cooldown: time.Duration(rapid.IntRange(0, 100).Draw(t, "cooldown")) * time.Second,
		}
		if err := config.Validate(); err != nil {
			t.Fatal(err)
		}
		s, servers := resilience.NewScaler(config), config.Min
		for second := range rapid.IntRange(1, 200).Draw(t, "looks") {
			servers = s.Look(time.Duration(second)*time.Second, rapid.Float64Range(0, 1e12).Draw(t, "metric"), servers, servers)
			if servers < config.Min || servers > config.Max {
				t.Fatalf("%d servers, allowed are %d to %d", servers, config.Min, config.Max)
			}
		}
	})
}
