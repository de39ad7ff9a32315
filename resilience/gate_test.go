package resilience_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
	"pgregory.net/rapid"
)

func ExampleGate_codel() {
	gate, err := resilience.NewGate(resilience.GateConfig{
		FIFOConfig: resilience.FIFOConfig{Concurrency: 1, Queue: 100},
		CoDel:      &resilience.CoDelConfig{Target: 5 * time.Millisecond, Interval: 100 * time.Millisecond},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	gate.Arrive(0)                     // is served
	gate.Arrive(0)                     // waits, and the queue is not empty from now on
	gate.Arrive(98 * time.Millisecond) //
	gate.Arrive(99 * time.Millisecond) //
	fmt.Println(gate.Expire(100*time.Millisecond), "has waited for more than the target in a queue that stands")
	fmt.Println(gate.Release(101*time.Millisecond), "came last and is served first")
	// Output:
	// [2] has waited for more than the target in a queue that stands
	// [4] came last and is served first
}

func ExampleRoom() {
	room := resilience.NewRoom(resilience.RoomConfig{Order: resilience.FIFO, Rate: 10})
	first, second := room.Take(0, 0), room.Take(0, 0)
	_, in, _ := room.Enter(0, first)
	fmt.Println("the first is in:", in)
	wait, in, _ := room.Enter(0, second)
	fmt.Println("the second is in:", in, "but should come back in", wait)
	_, in, _ = room.Enter(wait, second)
	fmt.Println("then is in:", in)
	// Output:
	// the first is in: true
	// the second is in: false but should come back in 100ms
	// then is in: true
}

// drawGate draws any kind of gate.
func drawGate(t *rapid.T) resilience.GateConfig {
	config := resilience.GateConfig{FIFOConfig: resilience.FIFOConfig{
		Concurrency: rapid.IntRange(1, 4).Draw(t, "concurrency"), Queue: rapid.IntRange(0, 20).Draw(t, "queue"),
	}}
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		config.Deadline = time.Duration(rapid.IntRange(0, 30).Draw(t, "deadline"))
	case 1:
		target := rapid.IntRange(1, 10).Draw(t, "target")
		config.CoDel = &resilience.CoDelConfig{Target: time.Duration(target), Interval: time.Duration(target + rapid.IntRange(0, 40).Draw(t, "over"))}
	default:
		config.Adaptive = &resilience.AdaptiveConfig{
			Algorithm: rapid.SampledFrom([]string{resilience.Gradient, resilience.AIMD}).Draw(t, "algorithm"),
			Min:       1, Max: 8, Target: time.Second,
		}
	}
	config.Priority = rapid.Bool().Draw(t, "priority")
	return config
}

// crowd follows every ticket of a gate through its life.
type crowd struct {
	gate     *resilience.Gate
	config   resilience.GateConfig
	now      time.Duration
	begun    map[resilience.Ticket]bool
	since    map[resilience.Ticket]time.Duration // of those who wait
	admitted int
}

func (c *crowd) arrive(t *rapid.T) {
	class := rapid.SampledFrom([]resilience.Class{resilience.Begun, resilience.Fresh}).Draw(t, "class")
	c.expire(t)
	full := len(c.since) >= c.config.Queue
	decision := c.gate.ArriveAs(c.now, class)
	switch decision.Verdict {
	case resilience.Admitted:
		c.admitted++
		if c.admitted > c.gate.Limit() {
			t.Fatalf("%d admitted by a limit of %d", c.admitted, c.gate.Limit())
		}
	case resilience.Queued:
		c.since[decision.Ticket], c.begun[decision.Ticket] = c.now, class == resilience.Begun
		if full && !(c.config.Priority && class == resilience.Begun) {
			t.Fatal("queued where the queue was full")
		}
	case resilience.Rejected:
		if !full || decision.RetryAfter < 0 {
			t.Fatalf("rejected with %d of %d waiting; come back after %v", len(c.since), c.config.Queue, decision.RetryAfter)
		}
	}
	c.expire(t)
}

func (c *crowd) release(t *rapid.T) {
	if c.admitted == 0 {
		t.Skip("nothing in service")
	}
	c.expire(t)
	c.admitted--
	for _, ticket := range c.gate.Release(c.now) {
		if _, waits := c.since[ticket]; !waits {
			t.Fatalf("admitted %d, which did not wait", ticket)
		}
		if c.config.Priority && !c.begun[ticket] {
			for other := range c.since {
				if c.begun[other] {
					t.Fatalf("admitted newcomer %d before %d, whose journey has begun", ticket, other)
				}
			}
		}
		delete(c.since, ticket)
		c.admitted++
	}
	if c.admitted > c.gate.Limit() && c.config.Adaptive == nil {
		t.Fatalf("%d admitted by a limit of %d", c.admitted, c.gate.Limit())
	}
}

func (c *crowd) expire(t *rapid.T) {
	for _, ticket := range c.gate.Expire(c.now) {
		since, waits := c.since[ticket]
		if !waits {
			t.Fatalf("expired %d, which did not wait", ticket)
		}
		if c.config.CoDel != nil && c.now-since < c.config.CoDel.Target && !c.config.Priority {
			t.Fatalf("dropped %d after %v, below the target", ticket, c.now-since)
		}
		delete(c.since, ticket)
	}
	for ticket, since := range c.since {
		if codel := c.config.CoDel; codel != nil && c.now-since >= codel.Interval || c.config.Deadline > 0 && c.now-since >= c.config.Deadline {
			t.Fatalf("%d still waits after %v", ticket, c.now-since)
		}
	}
}

func (c *crowd) cancel(t *rapid.T) {
	ticket := resilience.Ticket(rapid.Uint64Range(0, 60).Draw(t, "ticket"))
	c.expire(t)
	_, waits := c.since[ticket]
	if got := c.gate.Cancel(c.now, ticket); got != waits {
		t.Fatalf("cancel %d: %v, want %v", ticket, got, waits)
	}
	delete(c.since, ticket)
}

// TestEveryGate: under every policy no request is lost, none is returned twice, newcomers never overtake
// journeys that have already begun, and nobody waits longer than the policy allows.
func TestEveryGate(t *testing.T) {
	rapid.Check(t, everyGate)
}

// FuzzGate looks for sequences of calls that random draws miss.
func FuzzGate(f *testing.F) { f.Fuzz(rapid.MakeFuzz(everyGate)) }

func everyGate(t *rapid.T) {
	config := drawGate(t)
	gate, err := resilience.NewGate(config)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{gate: gate, config: config, begun: map[resilience.Ticket]bool{}, since: map[resilience.Ticket]time.Duration{}}
	step := func(act func(*rapid.T)) func(*rapid.T) {
		return func(t *rapid.T) {
			c.now += time.Duration(rapid.IntRange(0, 10).Draw(t, "elapsed"))
			act(t)
		}
	}
	t.Repeat(map[string]func(*rapid.T){
		"arrive": step(c.arrive), "release": step(c.release), "expire": step(c.expire), "cancel": step(c.cancel),
		"": func(t *rapid.T) {
			stats := gate.Stats(c.now)
			if stats.InUse != c.admitted || stats.Arrivals != stats.Completions+stats.Rejections+stats.Cancellations+uint64(stats.InUse+stats.Queued) {
				t.Fatalf("the books do not add up: %+v, %d admitted", stats, c.admitted)
			}
			c.expire(t)
			if stats = gate.Stats(c.now); stats.Queued != len(c.since) {
				t.Fatalf("%d wait, want %d", stats.Queued, len(c.since))
			}
		},
	})
}

func TestGateConfigFaults(t *testing.T) {
	one := resilience.FIFOConfig{Concurrency: 1, Queue: 1, Deadline: 1}
	codel := &resilience.CoDelConfig{Target: 2, Interval: 1}
	for why, config := range map[string]resilience.GateConfig{
		"nothing could ever be admitted": {},
		"two bounds for one wait":        {FIFOConfig: one, CoDel: &resilience.CoDelConfig{Target: 1, Interval: 1}},
		"a target longer than its bound": {FIFOConfig: resilience.FIFOConfig{Concurrency: 1}, CoDel: codel},
		"an unknown algorithm":           {FIFOConfig: one, Adaptive: &resilience.AdaptiveConfig{Algorithm: "magic", Min: 1, Max: 1}},
		"a start above the most":         {FIFOConfig: one, Adaptive: &resilience.AdaptiveConfig{Algorithm: resilience.Gradient}},
		"aimd cannot tell good from bad": {FIFOConfig: one, Adaptive: &resilience.AdaptiveConfig{Algorithm: resilience.AIMD, Min: 1, Max: 2}},
	} {
		if _, err := resilience.NewGate(config); err == nil {
			t.Errorf("%s: accepted %+v", why, config)
		}
	}
}

// TestPriorityShed follows the policy step by step: a journey that has already begun takes the newest
// newcomer's place.
func TestPriorityShed(t *testing.T) {
	gate, _ := resilience.NewGate(resilience.GateConfig{FIFOConfig: resilience.FIFOConfig{Concurrency: 1, Queue: 2}, Priority: true})
	for range 3 {
		gate.ArriveAs(0, resilience.Fresh)
	}
	if d := gate.ArriveAs(1, resilience.Fresh); d.Verdict != resilience.Rejected {
		t.Fatalf("a newcomer at a full queue: %v", d.Verdict)
	}
	if d := gate.ArriveAs(1, resilience.Begun); d.Verdict != resilience.Queued {
		t.Fatalf("a journey already begun: %v", d.Verdict)
	}
	if lost := gate.Expire(1); !slices.Equal(lost, []resilience.Ticket{3}) {
		t.Errorf("lost %v, want the newest newcomer", lost)
	}
	if next := gate.Release(2); !slices.Equal(next, []resilience.Ticket{5}) {
		t.Errorf("next is %v, want the journey already begun", next)
	}
}

// serve runs a gate in a closed loop of many clients, with service times that depend on the number in
// service. It returns the final concurrency.
func serve(gate *resilience.Gate, clients int, service func(inUse int) time.Duration, until time.Duration) int {
	var now time.Duration
	var done []time.Duration
	begin := func() { done = append(done, now+service(len(done)+1)) }
	for range clients {
		if gate.Arrive(now).Verdict == resilience.Admitted {
			begin()
		}
	}
	for now < until {
		next := slices.Index(done, slices.Min(done))
		now = done[next]
		done = slices.Delete(done, next, next+1)
		for range gate.Release(now) {
			begin()
		}
		if gate.Arrive(now).Verdict == resilience.Admitted {
			begin()
		}
	}
	return gate.Limit()
}

// TestAdaptiveFindsTheKnee: both algorithms find a server that works on 20 requests at once, and shares its
// speed among more, from either side.
func TestAdaptiveFindsTheKnee(t *testing.T) {
	const knee = 20
	service := func(inUse int) time.Duration {
		return time.Duration(float64(10*time.Millisecond) * max(1, float64(inUse)/knee))
	}
	for _, algorithm := range []string{resilience.Gradient, resilience.AIMD} {
		for _, start := range []int{2, 20} {
			gate, err := resilience.NewGate(resilience.GateConfig{
				FIFOConfig: resilience.FIFOConfig{Concurrency: start, Queue: 1000},
				Adaptive:   &resilience.AdaptiveConfig{Algorithm: algorithm, Min: 1, Max: 500, Target: 15 * time.Millisecond},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := serve(gate, 1000, service, 10*time.Minute); got < knee || got > 3*knee {
				t.Errorf("%s from %d ends at %d, want from the knee of %d to three times it", algorithm, start, got, knee)
			}
		}
	}
}
