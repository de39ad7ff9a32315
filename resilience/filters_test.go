package resilience_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
	"pgregory.net/rapid"
)

// TestBuckets: each client gets exactly rate·t + burst.
func TestBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := resilience.BucketConfig{Rate: rapid.Float64Range(0.1, 100).Draw(t, "rate"), Burst: rapid.IntRange(1, 10).Draw(t, "burst")}
		buckets := resilience.NewBuckets(config)
		tokens := map[uint64]float64{}
		var now time.Duration
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			elapsed := time.Duration(rapid.IntRange(0, 2_000).Draw(t, "ms")) * time.Millisecond
			now += elapsed
			for client := range tokens {
				tokens[client] = min(float64(config.Burst), tokens[client]+config.Rate*elapsed.Seconds())
			}
			client := rapid.Uint64Range(0, 2).Draw(t, "client")
			if _, known := tokens[client]; !known {
				tokens[client] = float64(config.Burst)
			}
			const near = 1e-5 // of a token: times are whole nanoseconds
			wait, ok := buckets.Allow(now, client)
			switch has := tokens[client]; {
			case ok && has < 1-near, !ok && has > 1+near:
				t.Fatalf("client with %v tokens: %v", has, ok)
			case ok:
				tokens[client]--
			case wait <= 0 || has+config.Rate*wait.Seconds() < 1-near:
				t.Fatalf("told to wait %v with %v tokens at %v/s", wait, has, config.Rate)
			}
		}
	})
}

// TestSharedBucket: all people together get at most burst + rate·t, and each token goes to whoever asks first.
func TestSharedBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, burst := rapid.Float64Range(0.5, 50).Draw(t, "rate"), rapid.IntRange(1, 10).Draw(t, "burst")
		filter := resilience.SharedBucketConfig{Rate: rate, Burst: burst}.Filter()
		tokens, now := float64(burst), time.Duration(0)
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			elapsed := time.Duration(rapid.IntRange(0, 500).Draw(t, "ms")) * time.Millisecond
			now += elapsed
			tokens = min(float64(burst), tokens+rate*elapsed.Seconds())
			const near = 1e-5 // of a token: times are whole nanoseconds
			_, ok := filter.Allow(now, resilience.Asker{Person: rapid.Uint64().Draw(t, "person")})
			if ok && tokens < 1-near || !ok && tokens > 1+near {
				t.Fatalf("with %v tokens: %v", tokens, ok)
			}
			if ok {
				tokens--
			}
		}
	})
}

// TestBucketsForget: a million clients who came once are not remembered.
func TestBucketsForget(t *testing.T) {
	buckets := resilience.NewBuckets(resilience.BucketConfig{Rate: 1, Burst: 1})
	for client := range uint64(1_000_000) {
		now := time.Duration(client) * time.Millisecond
		if _, ok := buckets.Allow(now, client); !ok {
			t.Fatal("a client who comes first is turned away")
		}
		if _, ok := buckets.Allow(now, client); ok {
			t.Fatal("and is let in at once again")
		}
	}
	if n := buckets.Len(); n > 5000 {
		t.Errorf("%d clients are remembered, although only 1000 differ from new ones", n)
	}
}

func TestStagger(t *testing.T) {
	for _, row := range []struct {
		why    string
		config resilience.StaggerConfig
		month  time.Month
		want   time.Duration
	}{
		{"January begins", resilience.StaggerConfig{Every: time.Hour}, time.January, 0},
		{"December is last", resilience.StaggerConfig{Every: time.Hour}, time.December, 11 * time.Hour},
		{"three months share a turn", resilience.StaggerConfig{Every: time.Hour, Group: 3}, time.June, time.Hour},
		{"April begins", resilience.StaggerConfig{Every: time.Hour, First: 4}, time.March, 11 * time.Hour},
	} {
		if got := row.config.Turn(row.month); got != row.want {
			t.Errorf("%s: %v, want %v", row.why, got, row.want)
		}
		if wait, ok := row.config.Filter().Allow(row.want-1, resilience.Asker{BirthMonth: row.month}); row.want > 0 && (ok || wait != 1) {
			t.Errorf("%s: a moment before: %v, %v", row.why, wait, ok)
		}
		if wait, ok := row.config.Filter().Allow(row.want, resilience.Asker{BirthMonth: row.month}); !ok || wait != 0 {
			t.Errorf("%s: at the turn: %v, %v", row.why, wait, ok)
		}
	}
}

func TestBreakerOpensAndCloses(t *testing.T) {
	b := resilience.NewBreaker(resilience.BreakerConfig{Calls: 4, Share: 0.5, Cooldown: 10, Probes: 2})
	call := func(now time.Duration, ok bool) bool {
		epoch, _, allowed := b.Allow(now)
		if allowed {
			b.Done(now, epoch, ok)
		}
		return allowed
	}
	for i, ok := range []bool{true, true, true, false, true} {
		if !call(time.Duration(i), ok) {
			t.Fatalf("call %d is stopped with one failure in four", i)
		}
	}
	late, _, _ := b.Allow(5)
	call(5, false) // the last four: ok, no, ok, no
	if _, wait, ok := b.Allow(6); ok || wait != 9 {
		t.Fatalf("open at two failures in four: %v, wait %v", ok, wait)
	}
	b.Done(7, late, true) // begun before it opened
	if !call(15, false) || call(16, true) {
		t.Error("a failed probe must open it again")
	}
	first, _, one := b.Allow(25)
	second, _, two := b.Allow(25)
	if _, _, three := b.Allow(25); !one || !two || three {
		t.Error("two probes and no third")
	}
	b.Skip(second)
	second, _, again := b.Allow(25)
	b.Done(26, first, true)
	b.Done(26, second, true)
	if !again || !call(27, true) || b.Open() {
		t.Error("two good probes must close it")
	}
}

// TestBreakerNeverSticks: whatever happened before, the breaker lets all calls through once they succeed.
func TestBreakerNeverSticks(t *testing.T) { rapid.Check(t, breakerNeverSticks) }

func FuzzBreaker(f *testing.F) { f.Fuzz(rapid.MakeFuzz(breakerNeverSticks)) }

func breakerNeverSticks(t *rapid.T) {
	config := resilience.BreakerConfig{
		Calls: rapid.IntRange(1, 8).Draw(t, "calls"), Share: rapid.Float64Range(0.01, 1).Draw(t, "share"),
		Cooldown: time.Duration(rapid.IntRange(1, 20).Draw(t, "cooldown")), Probes: rapid.IntRange(1, 4).Draw(t, "probes"),
	}
	b := resilience.NewBreaker(config)
	var now time.Duration
	var open []resilience.Epoch
	for _, move := range rapid.SliceOfN(rapid.IntRange(0, 3), 0, 100).Draw(t, "moves") {
		now += time.Duration(rapid.IntRange(0, 5).Draw(t, "elapsed"))
		if move == 0 || len(open) == 0 {
			epoch, wait, ok := b.Allow(now)
			if ok {
				open = append(open, epoch)
			} else if wait <= 0 || wait > config.Cooldown {
				t.Fatalf("told to wait %v", wait)
			}
			continue
		}
		epoch := open[0]
		open = open[1:]
		if move == 3 {
			b.Skip(epoch)
		} else {
			b.Done(now, epoch, move == 1)
		}
	}
	for _, epoch := range open {
		b.Done(now, epoch, false)
	}
	for range 3 * (config.Probes + config.Calls) { // a window that just fills may open it once more
		now += config.Cooldown
		if epoch, _, ok := b.Allow(now); ok {
			b.Done(now, epoch, true)
		}
	}
	if _, _, ok := b.Allow(now); !ok {
		t.Fatal("it still stops calls that succeed")
	}
}

// TestBudget: retries never exceed the burst plus the ratio's share of first attempts.
func TestBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := resilience.BudgetConfig{Ratio: rapid.Float64Range(0, 1).Draw(t, "ratio"), Burst: float64(rapid.IntRange(0, 20).Draw(t, "burst"))}
		budget := resilience.NewBudget(config)
		first, retries := 0.0, 0.0
		for _, again := range rapid.SliceOf(rapid.Bool()).Draw(t, "attempts") {
			if !again {
				budget.First()
				first++
			} else if budget.Retry() {
				retries++
			}
			if retries > config.Burst+config.Ratio*first+1e-9 {
				t.Fatalf("%v retries for %v first attempts", retries, first)
			}
		}
	})
}

func TestDeferredPauses(t *testing.T) {
	config := resilience.DeferConfig{Workers: 2, Backlog: 3, Pause: time.Second, Longest: 5 * time.Second}
	var got []time.Duration
	for failures := range 5 {
		got = append(got, config.Again(failures+1))
	}
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}; !slices.Equal(got, want) {
		t.Errorf("pauses %v, want %v", got, want)
	}
	if gate := config.Gate(); gate.Concurrency != 2 || gate.Queue != 3 || gate.Deadline != 0 {
		t.Errorf("the workers' gate is %+v", gate)
	}
}

func TestCacheCoalesces(t *testing.T) {
	cache := resilience.NewCache[string, int, int](resilience.CacheConfig{TTL: 10})
	look := func(now time.Duration, waiter int, want resilience.Lookup, value int) {
		t.Helper()
		if got, lookup := cache.Look("nik", waiter, now); lookup != want || got != value {
			t.Errorf("at %d: %v %v, want %v %v", now, got, lookup, value, want)
		}
	}
	look(0, 1, resilience.Fetch, 0)
	look(1, 2, resilience.Wait, 0)
	look(1, 3, resilience.Wait, 0)
	if waiting := cache.Store("nik", 7, 2); !slices.Equal(waiting, []int{2, 3}) {
		t.Errorf("waited: %v", waiting)
	}
	look(11, 4, resilience.Hit, 7)
	look(12, 5, resilience.Fetch, 0)
	look(13, 6, resilience.Wait, 0)
	if waiting := cache.Fail("nik"); !slices.Equal(waiting, []int{6}) {
		t.Errorf("waited for nothing: %v", waiting)
	}
	look(14, 7, resilience.Fetch, 0)
}

// TestCacheAgainstModel: an answer is given until its time to live ends or newer ones have replaced it, at
// most one fetch of a key is under way, and each waiter is returned once.
func TestCacheAgainstModel(t *testing.T) { rapid.Check(t, cacheAgainstModel) }

func FuzzCache(f *testing.F) { f.Fuzz(rapid.MakeFuzz(cacheAgainstModel)) }

func cacheAgainstModel(t *rapid.T) {
	config := resilience.CacheConfig{TTL: time.Duration(rapid.IntRange(1, 30).Draw(t, "ttl")), Size: rapid.IntRange(0, 3).Draw(t, "size")}
	cache := resilience.NewCache[int, int, int](config)
	type kept struct {
		key, value int
		at         time.Duration
	}
	var now time.Duration
	var answers []kept
	fetching := map[int][]int{}
	for i := range rapid.IntRange(0, 100).Draw(t, "calls") {
		now += time.Duration(rapid.IntRange(0, 4).Draw(t, "elapsed"))
		answers = slices.DeleteFunc(answers, func(k kept) bool { return now >= k.at+config.TTL })
		key := rapid.IntRange(0, 4).Draw(t, "key")
		waiting, underWay := fetching[key]
		if underWay && rapid.Bool().Draw(t, "end") {
			delete(fetching, key)
			var named []int
			if rapid.Bool().Draw(t, "well") {
				named = cache.Store(key, i, now)
				answers = append(answers, kept{key, i, now})
				if config.Size > 0 && len(answers) > config.Size {
					answers = answers[1:]
				}
			} else {
				named = cache.Fail(key)
			}
			if !slices.Equal(named, waiting) {
				t.Fatalf("named %v, want %v", named, waiting)
			}
			continue
		}
		place := slices.IndexFunc(answers, func(k kept) bool { return k.key == key })
		value, lookup := cache.Look(key, i, now)
		switch {
		case underWay && lookup == resilience.Wait:
			fetching[key] = append(waiting, i)
		case !underWay && place < 0 && lookup == resilience.Fetch:
			fetching[key] = nil
		case !underWay && place >= 0 && lookup == resilience.Hit && value == answers[place].value:
		default:
			t.Fatalf("lookup %v of %d, value %d; answers %v, fetching %v", lookup, key, value, answers, fetching)
		}
		if cache.Len() > len(answers)+1 {
			t.Fatalf("%d answers kept, want %d", cache.Len(), len(answers))
		}
	}
}

// TestBudgetIsKeptFromTheHopeless: an attempt that was told to wait a minute or longer is not repeated, and
// the budget stays for others.
func TestBudgetIsKeptFromTheHopeless(t *testing.T) {
	b := resilience.NewBudget(resilience.BudgetConfig{Burst: 1})
	for _, row := range []struct {
		why  string
		told time.Duration
		want bool
	}{
		{"a quota of the day is used up", time.Minute, false},
		{"an hour", time.Hour, false},
		{"a failure that may pass, and the budget is whole", 5 * time.Second, true},
		{"the budget is used up", 0, false},
	} {
		if got := b.RetryAfter(row.told); got != row.want {
			t.Errorf("%s: %v, want %v", row.why, got, row.want)
		}
	}
}
