package resilience_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
	"pgregory.net/rapid"
)

func Example() {
	gate, err := resilience.NewBoundedFIFO(resilience.FIFOConfig{Concurrency: 1, Queue: 1, Deadline: 2 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	first := gate.Arrive(0)
	second := gate.Arrive(100 * time.Millisecond)
	third := gate.Arrive(200 * time.Millisecond)
	fmt.Println(first.Verdict == resilience.Admitted, second.Verdict == resilience.Queued, third.Verdict == resilience.Rejected)
	fmt.Println("come back after", third.RetryAfter)
	fmt.Println("next:", gate.Release(time.Second))
	// Output:
	// true true true
	// come back after 2s
	// next: [2]
}

func TestConfigFaults(t *testing.T) {
	for _, row := range []struct {
		why    string
		config resilience.FIFOConfig
	}{
		{"nothing could ever be admitted", resilience.FIFOConfig{}},
		{"a queue cannot be shorter than empty", resilience.FIFOConfig{Concurrency: 1, Queue: -1}},
		{"a deadline before the arrival", resilience.FIFOConfig{Concurrency: 1, Deadline: -1}},
	} {
		if _, err := resilience.NewBoundedFIFO(row.config); err == nil {
			t.Errorf("%s: accepted %+v", row.why, row.config)
		}
	}
}

func TestDeadlineIsExclusive(t *testing.T) {
	gate, _ := resilience.NewBoundedFIFO(resilience.FIFOConfig{Concurrency: 1, Queue: 4, Deadline: time.Second})
	gate.Arrive(0)
	queued := gate.Arrive(0).Ticket
	if at, due := gate.NextDeadline(); !due || at != time.Second {
		t.Fatalf("next deadline %v, %v; want 1s", at, due)
	}
	if next := gate.Release(time.Second); len(next) != 0 {
		t.Errorf("admitted %v at its deadline; want it rejected", next)
	}
	if expired := gate.Expire(time.Second); !slices.Equal(expired, []resilience.Ticket{queued}) {
		t.Errorf("expired %v; want %v", expired, queued)
	}
	if stats := gate.Stats(time.Minute); stats.QueueTime != time.Second {
		t.Errorf("queue time %v; want the one second up to the deadline", stats.QueueTime)
	}
}

func TestRetryAfterIsTheTimeToWorkOffTheQueue(t *testing.T) {
	gate, _ := resilience.NewBoundedFIFO(resilience.FIFOConfig{Concurrency: 2, Queue: 3})
	for range 5 {
		gate.Arrive(0)
	}
	gate.Release(2 * time.Second) // two in service for 2 s, one completion: S = 4 s so far
	gate.Release(2 * time.Second) // S = 2 s
	gate.Arrive(2 * time.Second)
	gate.Arrive(2 * time.Second)
	if got, want := gate.Arrive(2*time.Second).RetryAfter, 4*time.Second; got != want { // (3+1)·2/2
		t.Errorf("retry after %v; want %v", got, want)
	}
}

// model implements the policy slowly: a slice of waiting requests and a set of admitted ones.
type model struct {
	config                                           resilience.FIFOConfig
	waiting                                          []resilience.Ticket
	since                                            map[resilience.Ticket]time.Duration
	admitted                                         int
	arrivals, completions, rejections, cancellations uint64
}

func (m *model) expire(now time.Duration) (expired []resilience.Ticket) {
	for m.config.Deadline > 0 && len(m.waiting) > 0 && now-m.since[m.waiting[0]] >= m.config.Deadline {
		expired = append(expired, m.waiting[0])
		m.waiting = m.waiting[1:]
		m.rejections++
	}
	return expired
}

// TestAgainstModel checks the policy under any sequence of calls: conservation, never more than the limit,
// first in first out, and nobody waits until the deadline.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := resilience.FIFOConfig{
			Concurrency: rapid.IntRange(1, 4).Draw(t, "concurrency"),
			Queue:       rapid.IntRange(0, 20).Draw(t, "queue"),
			Deadline:    time.Duration(rapid.IntRange(0, 30).Draw(t, "deadline")),
		}
		gate, err := resilience.NewBoundedFIFO(config)
		if err != nil {
			t.Fatal(err)
		}
		m := &model{config: config, since: map[resilience.Ticket]time.Duration{}}
		var now time.Duration
		var expired, pending []resilience.Ticket
		step := func() {
			now += time.Duration(rapid.IntRange(0, 10).Draw(t, "elapsed"))
			pending = append(pending, m.expire(now)...)
		}
		t.Repeat(map[string]func(*rapid.T){
			"arrive": func(t *rapid.T) { step(); m.arrive(t, gate, now) },
			"release": func(t *rapid.T) {
				if m.admitted == 0 {
					t.Skip("nothing in service")
				}
				step()
				m.release(t, gate, now)
			},
			"cancel": func(t *rapid.T) { step(); m.cancel(t, gate, now) },
			"expire": func(t *rapid.T) {
				step()
				expired = gate.Expire(now)
				if !slices.Equal(expired, pending) {
					t.Fatalf("expired %v; want %v", expired, pending)
				}
				pending = nil
			},
			"": func(t *rapid.T) { m.check(t, gate, now) },
		})
	})
}

func (m *model) arrive(t *rapid.T, gate *resilience.BoundedFIFO, now time.Duration) {
	decision := gate.Arrive(now)
	m.arrivals++
	want := resilience.Rejected
	switch {
	case m.admitted < m.config.Concurrency:
		want = resilience.Admitted
		m.admitted++
	case len(m.waiting) < m.config.Queue:
		want = resilience.Queued
		m.waiting = append(m.waiting, decision.Ticket)
		m.since[decision.Ticket] = now
	default:
		m.rejections++
	}
	if decision.Verdict != want {
		t.Fatalf("verdict %v; want %v", decision.Verdict, want)
	}
	if decision.RetryAfter < 0 {
		t.Fatalf("retry after %v", decision.RetryAfter)
	}
}

func (m *model) release(t *rapid.T, gate *resilience.BoundedFIFO, now time.Duration) {
	next := gate.Release(now)
	m.completions++
	if len(m.waiting) == 0 {
		m.admitted--
		if len(next) != 0 {
			t.Fatalf("admitted %v out of an empty queue", next)
		}
		return
	}
	if !slices.Equal(next, m.waiting[:1]) {
		t.Fatalf("admitted %v; want the first of %v", next, m.waiting)
	}
	m.waiting = m.waiting[1:]
}

func (m *model) cancel(t *rapid.T, gate *resilience.BoundedFIFO, now time.Duration) {
	ticket := resilience.Ticket(rapid.Uint64Range(0, m.arrivals+1).Draw(t, "ticket"))
	i := slices.Index(m.waiting, ticket)
	if got := gate.Cancel(now, ticket); got != (i >= 0) {
		t.Fatalf("cancel %d: %v; waiting are %v", ticket, got, m.waiting)
	}
	if i >= 0 {
		m.waiting = slices.Delete(m.waiting, i, i+1)
		m.cancellations++
	}
}

func (m *model) check(t *rapid.T, gate *resilience.BoundedFIFO, now time.Duration) {
	stats := gate.Stats(now)
	if stats.InUse != m.admitted || stats.InUse > m.config.Concurrency || stats.Queued != len(m.waiting) {
		t.Fatalf("%+v; want %d in use, %d queued", stats, m.admitted, len(m.waiting))
	}
	if stats.Arrivals != m.arrivals || stats.Completions != m.completions || stats.Rejections != m.rejections || stats.Cancellations != m.cancellations {
		t.Fatalf("%+v; want %+v", stats, *m)
	}
	if stats.Arrivals != stats.Completions+stats.Rejections+stats.Cancellations+uint64(stats.InUse+stats.Queued) {
		t.Fatalf("not conserved: %+v", stats)
	}
}
