package registry

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/resilience"
)

func newTestGate(t rapid.TB, config resilience.FIFOConfig) *Gate {
	t.Helper()
	g, err := NewGate(resilience.GateConfig{FIFOConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestGateInTime sends 5 calls of 1 s at once to 2 places with a deadline of 2 s. After 2 s, 4 are done; the
// fifth is rejected at its deadline.
func TestGateInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTestGate(t, resilience.FIFOConfig{Concurrency: 2, Queue: 3, Deadline: 2 * time.Second})
		defer g.Close()
		began := time.Now()
		var done, late atomic.Int64
		var wait sync.WaitGroup
		for range 5 {
			wait.Go(func() {
				var busy *BusyError
				switch err := g.Enter(t.Context()); {
				case err == nil:
					defer g.Leave()
					time.Sleep(time.Second)
					done.Add(1)
				case errors.As(err, &busy) && time.Since(began) == 2*time.Second:
					late.Add(1)
				default:
					t.Errorf("after %v: %v", time.Since(began), err)
				}
			})
		}
		wait.Wait()
		if done.Load() != 4 || late.Load() != 1 {
			t.Errorf("%d done, %d rejected; want 4 and 1", done.Load(), late.Load())
		}
	})
}

func TestGateFullAndCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTestGate(t, resilience.FIFOConfig{Concurrency: 1, Queue: 1})
		defer g.Close()
		if err := g.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error)
		go func() { waiting <- g.Enter(ctx) }()
		synctest.Wait()
		var busy *BusyError
		if err := g.Enter(t.Context()); !errors.As(err, &busy) {
			t.Errorf("at a full queue: %v", err)
		}
		cancel()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		g.Leave()
		stats := g.Stats()
		if stats.Arrivals != 3 || stats.Completions != 1 || stats.Rejections != 1 || stats.Cancellations != 1 || stats.InUse+stats.Queued != 0 {
			t.Errorf("%+v", stats)
		}
	})
}

// TestGateConserves sends callers with random deadlines and work. No caller is lost, and no more than the limit
// are inside.
func TestGateConserves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		config := resilience.FIFOConfig{
			Concurrency: rapid.IntRange(1, 4).Draw(rt, "concurrency"),
			Queue:       rapid.IntRange(0, 10).Draw(rt, "queue"),
			Deadline:    time.Duration(rapid.IntRange(0, 20).Draw(rt, "deadline")) * time.Millisecond,
		}
		callers := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(1, 30), 3, 3), 0, 40).Draw(rt, "callers") // arrival, work, patience in ms
		synctest.Test(t, func(t *testing.T) {
			g := newTestGate(rt, config)
			defer g.Close()
			var inside, served, turned atomic.Int64
			var wait sync.WaitGroup
			for _, c := range callers {
				wait.Go(func() {
					time.Sleep(time.Duration(c[0]) * time.Millisecond)
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(c[2])*time.Millisecond)
					defer cancel()
					if err := g.Enter(ctx); err != nil {
						turned.Add(1)
						return
					}
					defer g.Leave()
					if n := inside.Add(1); n > int64(config.Concurrency) {
						rt.Errorf("%d inside", n)
					}
					time.Sleep(time.Duration(c[1]) * time.Millisecond)
					inside.Add(-1)
					served.Add(1)
				})
			}
			wait.Wait()
			s := g.Stats()
			if int(served.Load()+turned.Load()) != len(callers) || s.Completions != uint64(served.Load()) ||
				s.Rejections+s.Cancellations != uint64(turned.Load()) || len(g.waiting) != 0 {
				rt.Errorf("%d served, %d rejected; %+v", served.Load(), turned.Load(), s)
			}
		})
	})
}
