package registry

import (
	"context"
	"errors"
	"testing"

	"github.com/ombak-sim/ombak/resilience"
)

// A caller who leaves gives up the place in the queue, and nobody is watched who need not wait.
func TestCallersWhoLeaveFreeTheirPlace(t *testing.T) {
	gate, err := NewGate(resilience.GateConfig{FIFOConfig: resilience.FIFOConfig{Concurrency: 1, Queue: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	watched, forgotten := 0, 0
	left := make(chan struct{})
	ctx := WithCaller(t.Context(), func() (<-chan struct{}, func()) {
		watched++
		return left, func() { forgotten++ }
	})
	if err := gate.Enter(ctx); err != nil || watched != 0 {
		t.Fatalf("%v, %d watched; want a place at once, and nobody watched", err, watched)
	}
	close(left)
	if err := gate.Enter(ctx); !errors.Is(err, ErrLeft) || watched != 1 || forgotten != 1 {
		t.Errorf("%v, %d watched and %d forgotten; want that the caller has left", err, watched, forgotten)
	}
	stats := gate.Stats()
	if stats.Queued != 0 || stats.Cancellations != 1 {
		t.Errorf("%+v; want an empty queue and one cancellation", stats)
	}
	stays, cancel := context.WithCancel(withoutCaller(ctx))
	cancel()
	if err := gate.Enter(stays); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want that a call for others stays until its context ends", err)
	}
}
