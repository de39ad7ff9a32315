package resilience_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/resilience"
)

// What can change of a policy is described: its keys are keys of the policy, and sentences say the rest.
func TestChangesAreDescribed(t *testing.T) {
	for _, descriptor := range resilience.Policies() {
		changes := descriptor.Changes
		for _, key := range changes.Keys {
			if !slices.Contains(descriptor.Keys(), key) {
				t.Errorf("%s: %s can change, which it does not take", descriptor.Name, key)
			}
		}
		if len(changes.Keys) > 0 && changes.Waiting == "" {
			t.Errorf("%s does not say what a change means for those who wait", descriptor.Name)
		}
		if (len(descriptor.Fixed()) > 0 || len(changes.Keys) == 0 || changes.Always) && changes.WhyNot == "" {
			t.Errorf("%s does not say why %v cannot change", descriptor.Name, descriptor.Fixed())
		}
		if why := descriptor.May("no such setting"); why == "" {
			t.Errorf("%s may change a setting that it does not take", descriptor.Name)
		}
	}
}

func fifo(limit, queue int, deadline time.Duration) resilience.GateConfig {
	return resilience.GateConfig{FIFOConfig: resilience.FIFOConfig{Concurrency: limit, Queue: queue, Deadline: deadline}}
}

// Who waits at a gate that changes keeps the place, passes, or has waited too long by the new deadline.
func TestGateChanges(t *testing.T) {
	const s = time.Second
	for _, row := range []struct {
		why               string
		to                resilience.GateConfig
		on                bool
		admitted, expired []resilience.Ticket // of five that came at 1 s, 2 s, ... to one place and a queue of four
		queued            int
		next              resilience.Verdict // of one who comes then
	}{
		{"a greater limit admits the first", fifo(3, 4, 0), true, []resilience.Ticket{2, 3}, nil, 2, resilience.Queued},
		{"a smaller limit takes no place away", fifo(1, 4, 0), true, nil, nil, 4, resilience.Rejected},
		{"a shorter queue sends nobody away", fifo(1, 1, 0), true, nil, nil, 4, resilience.Rejected},
		{"a deadline counts from the arrival", fifo(1, 4, 4*s), true, nil, []resilience.Ticket{2}, 3, resilience.Queued},
		{"who has waited too long is not admitted", fifo(2, 4, 4*s), true, []resilience.Ticket{3}, []resilience.Ticket{2}, 2, resilience.Queued},
		{"switched off, all pass", fifo(1, 4, 0), false, []resilience.Ticket{2, 3, 4, 5}, nil, 0, resilience.Admitted},
	} {
		gate, err := resilience.NewGate(fifo(1, 4, 0))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			gate.Arrive(time.Duration(i+1) * s)
		}
		admitted := gate.Change(6*s, row.to, row.on)
		expired := slices.Clone(gate.Expire(6 * s))
		stats := gate.Stats(6 * s)
		if !slices.Equal(admitted, row.admitted) || !slices.Equal(expired, row.expired) || stats.Queued != row.queued {
			t.Errorf("%s: %v admitted, %v expired, %d wait", row.why, admitted, expired, stats.Queued)
		}
		if next := gate.Arrive(6 * s).Verdict; next != row.next {
			t.Errorf("%s: the next one is %v, not %v", row.why, next, row.next)
		}
	}
}

// A gate that is on again admits nobody until those who came meanwhile are fewer than its limit.
func TestGateIsOnAgain(t *testing.T) {
	gate, err := resilience.NewGate(fifo(1, 4, 0))
	if err != nil {
		t.Fatal(err)
	}
	gate.Change(0, fifo(1, 4, 0), false)
	for range 3 {
		gate.Arrive(0)
	}
	gate.Change(1, fifo(1, 4, 0), true)
	if verdict := gate.Arrive(1).Verdict; verdict != resilience.Queued {
		t.Fatalf("with three in service, the fourth is %v", verdict)
	}
	if first, second := len(gate.Release(2)), len(gate.Release(2)); first != 0 || second != 0 {
		t.Errorf("%d and %d are admitted while the limit is exceeded or reached", first, second)
	}
	if third := gate.Release(2); len(third) != 1 {
		t.Errorf("%v are admitted when nobody is in service", third)
	}
}

// The books of a gate add up however it changes.
func TestGateConservesThroughChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := drawGate(t)
		gate, err := resilience.NewGate(config)
		if err != nil {
			t.Fatal(err)
		}
		now, inside, waiting, on := time.Duration(0), 0, map[resilience.Ticket]bool{}, true
		admit := func(tickets []resilience.Ticket) {
			for _, ticket := range tickets {
				if !waiting[ticket] {
					t.Fatalf("%d is admitted, who does not wait", ticket)
				}
				delete(waiting, ticket)
				inside++
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "moves") {
			now += time.Duration(rapid.IntRange(0, 9).Draw(t, "passes"))
			switch move := rapid.IntRange(0, 4).Draw(t, "move"); {
			case move <= 1:
				switch decision := gate.Arrive(now); decision.Verdict {
				case resilience.Admitted:
					inside++
				case resilience.Queued:
					waiting[decision.Ticket] = true
				}
			case move == 2 && inside > 0:
				inside--
				admit(slices.Clone(gate.Release(now)))
			case move == 3:
				on = rapid.Bool().Draw(t, "on")
				config.Concurrency, config.Queue = rapid.IntRange(1, 8).Draw(t, "limit"), rapid.IntRange(0, 9).Draw(t, "queue")
				if config.CoDel == nil {
					config.Deadline = time.Duration(rapid.IntRange(0, 30).Draw(t, "new deadline"))
				}
				admit(gate.Change(now, config, on))
			}
			for _, ticket := range gate.Expire(now) {
				if !waiting[ticket] {
					t.Fatalf("%d is sent away, who does not wait", ticket)
				}
				delete(waiting, ticket)
			}
			stats := gate.Stats(now)
			if stats.InUse != inside || stats.Queued != len(waiting) || !on && len(waiting) > 0 || inside < gate.Limit() && len(waiting) > 0 {
				t.Fatalf("%+v with %d inside a limit of %d and %d waiting", stats, inside, gate.Limit(), len(waiting))
			}
			if sum := stats.Completions + stats.Rejections + stats.Cancellations + uint64(stats.InUse+stats.Queued); sum != stats.Arrivals {
				t.Fatalf("the books do not add up: %+v", stats)
			}
		}
	})
}

// Buckets keep their tokens through a change, up to the burst; and a change that changes nothing changes nothing.
func TestBucketsChange(t *testing.T) {
	taken := func(b *resilience.Buckets, now time.Duration) (count int) {
		for ok := true; ok && count < 100; count++ {
			if _, ok = b.Allow(now, 1); !ok {
				count--
			}
		}
		return count
	}
	const s = time.Second
	for _, row := range []struct {
		why   string
		to    resilience.BucketConfig
		later time.Duration
		want  int // tokens of a client that had taken 4 of 10
	}{
		{"the same", resilience.BucketConfig{Rate: 1, Burst: 10}, 0, 6},
		{"a greater burst adds no token at once", resilience.BucketConfig{Rate: 1, Burst: 20}, 0, 6},
		{"a smaller burst keeps so many", resilience.BucketConfig{Rate: 1, Burst: 3}, 0, 3},
		{"tokens come at the new rate", resilience.BucketConfig{Rate: 10, Burst: 20}, s, 16},
		{"and no more than the burst", resilience.BucketConfig{Rate: 10, Burst: 20}, 10 * s, 20},
	} {
		buckets := resilience.NewBuckets(resilience.BucketConfig{Rate: 1, Burst: 10})
		for range 4 {
			buckets.Allow(0, 1)
		}
		buckets.Change(0, row.to)
		if got := taken(buckets, row.later); got != row.want {
			t.Errorf("%s: %d tokens, want %d", row.why, got, row.want)
		}
	}
}

// A breaker keeps its latest results and its state through a change. Switched off it allows everything and learns nothing.
func TestBreakerChanges(t *testing.T) {
	config := resilience.BreakerConfig{Calls: 4, Share: 0.5, Cooldown: 10, Probes: 1}
	call := func(b *resilience.Breaker, now time.Duration, good bool) (allowed bool) {
		epoch, _, ok := b.Allow(now)
		if ok {
			b.Done(now, epoch, good)
		}
		return ok
	}
	b := resilience.NewBreaker(config)
	call(b, 0, false)
	call(b, 0, true)
	config.Calls = 2
	b.Change(0, config, true)
	if call(b, 1, true); b.Open() {
		t.Error("a failure that is not among the last two counts")
	}
	call(b, 2, false)
	if !b.Open() {
		t.Fatal("one failure of the last two does not open it")
	}
	config.Cooldown = 30
	b.Change(5, config, true)
	if call(b, 13, true) || !call(b, 32, true) {
		t.Error("the new cooldown does not count from when it opened")
	}
	b.Change(33, config, false)
	for range 9 {
		if !call(b, 34, false) {
			t.Fatal("a breaker that is off stops a call")
		}
	}
	if b.Change(35, config, true); b.Open() || !call(b, 35, true) {
		t.Error("it is not closed when it is on again")
	}
}

// Rooms keep places; caches keep the age of answers; budgets keep what they saved; a scaler that is off decides nothing.
func TestOthersChange(t *testing.T) {
	room := resilience.NewRoom(resilience.RoomConfig{Order: resilience.FIFO, Rate: 1})
	room.Take(0, 0)
	place := room.Take(0, 0)
	if room.Change(0, resilience.RoomConfig{Order: resilience.FIFO, Rate: 100}, true); room.Off() {
		t.Error("the room is off")
	}
	if wait, in, lapsed := room.Enter(0, place); in || lapsed || wait != 10*time.Millisecond {
		t.Errorf("the second place waits %v at the new rate (%v, %v)", wait, in, lapsed)
	}
	keeper := resilience.NewDoorkeeper(resilience.RoomConfig{Order: resilience.FIFO, Rate: 0.001})
	ask := func(person uint64) bool {
		_, _, in := keeper.Ask(0, person, resilience.Place{}, func(uint64) uint32 { return 0 })
		return in
	}
	if !ask(1) || ask(2) {
		t.Error("the first of two does not go in alone")
	}
	keeper.Change(0, resilience.RoomConfig{Order: resilience.FIFO, Rate: 0.001}, false)
	if !ask(2) || !ask(3) {
		t.Error("somebody waits at a room that is off")
	}
	if keeper.Change(0, resilience.RoomConfig{Order: resilience.FIFO, Rate: 0.001}, true); ask(4) {
		t.Error("a newcomer passes when it is on again")
	}

	cache := resilience.NewCache[int, int, int](resilience.CacheConfig{TTL: 10})
	cache.Look(1, 0, 0)
	cache.Store(1, 5, 0)
	cache.Change(5, resilience.CacheConfig{TTL: 8}, true)
	if _, lookup := cache.Look(1, 0, 7); lookup != resilience.Hit {
		t.Error("an answer of 7 is not used within 8")
	}
	if _, lookup := cache.Look(1, 0, 9); lookup != resilience.Fetch {
		t.Error("an answer of 9 is used beyond 8")
	}
	cache.Look(1, 77, 9)
	cache.Change(9, resilience.CacheConfig{TTL: 8}, false)
	if _, lookup := cache.Look(1, 0, 9); lookup != resilience.Fetch {
		t.Error("a cache that is off answers")
	}
	if waiting := cache.Store(1, 6, 9); !slices.Equal(waiting, []int{77}) || cache.Len() != 0 {
		t.Errorf("%v waited, and %d answers are kept", waiting, cache.Len())
	}

	config := resilience.RetryConfig{BudgetConfig: resilience.BudgetConfig{Burst: 5}, Calls: 9, Pause: 1, Longest: 1}
	repeater := config.Repeater()
	changing := repeater.(resilience.Changing)
	config.Burst = 1
	changing.Change(0, config, true)
	if _, first := repeater.Again(1, 0); !first {
		t.Error("a repeat that was saved is gone")
	}
	if _, second := repeater.Again(1, 0); second {
		t.Error("more repeats are saved than the burst")
	}

	scaling := resilience.ScaleConfig{Rule: resilience.HPA, Target: 0.5, Min: 1, Max: 9, Looks: resilience.Looks{Metric: resilience.ByUtilization, Every: 1}}
	scaler := resilience.NewScaler(scaling)
	scaler.Change(0, scaling, false)
	if wanted := scaler.Look(1, 1, 2, 2); wanted != 2 {
		t.Errorf("a scaler that is off wants %d servers", wanted)
	}
	scaling.Max = 3
	scaler.Change(1, scaling, true)
	if wanted := scaler.Look(2, 1, 2, 2); wanted != 3 {
		t.Errorf("with at most 3 servers it wants %d", wanted)
	}
}

// Filters that are off let everybody pass; on again they go on from what they knew.
func TestFiltersAreSwitched(t *testing.T) {
	for _, row := range []struct {
		name     string
		settings resilience.Settings
		whom     resilience.Asker // is turned away at the second try
	}{
		{"token-bucket", resilience.Settings{Rate: 0.001, Burst: 1}, resilience.Asker{Person: 1}},
		{"shared-token-bucket", resilience.Settings{Rate: 0.001, Burst: 1}, resilience.Asker{}},
		{"stagger", resilience.Settings{Every: time.Hour}, resilience.Asker{BirthMonth: time.May}},
		{"retry-budget", resilience.Settings{Burst: 1, Pause: 1, Longest: 1}, resilience.Asker{Attempt: 2}},
	} {
		config, err := resilience.Policy{Name: row.name, Settings: row.settings}.Config()
		if err != nil {
			t.Fatal(err)
		}
		filter := config.(resilience.Filtering).Filter()
		filter.Allow(0, row.whom)
		if _, ok := filter.Allow(0, row.whom); ok {
			t.Errorf("%s lets a second one pass", row.name)
		}
		filter.(resilience.Changing).Change(0, config, false)
		if wait, ok := filter.Allow(0, row.whom); !ok || wait != 0 {
			t.Errorf("%s turns away although it is off", row.name)
		}
		filter.(resilience.Changing).Change(0, config, true)
		if _, ok := filter.Allow(0, row.whom); ok {
			t.Errorf("%s has forgotten what it knew", row.name)
		}
	}
}
