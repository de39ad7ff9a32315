package main

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// brake stops work beside a run while the generator of the run is behind. The zero brake stops nothing.
type brake struct {
	mu   sync.Mutex
	free chan struct{} // closed when the work may go on; nil while it may
}

// usualLag is the limit of the schedule lag of a run that has none of its own.
const usualLag = 100 * time.Millisecond

// isBehind reports whether the generator was behind in a row: it dropped people, or was late by half of what makes the run
// invalid, or more.
func isBehind(row report.Second, limit time.Duration) bool {
	limit = cmp.Or(limit, usualLag)
	return row.Dropped > 0 || row.Lag != nil && row.Lag.P99 >= limit.Seconds()/2
}

// set stops the work, or lets it go on.
func (b *brake) set(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case on && b.free == nil:
		b.free = make(chan struct{})
	case !on && b.free != nil:
		close(b.free)
		b.free = nil
	}
}

// wait waits while the work must not go on.
func (b *brake) wait(ctx context.Context) error {
	b.mu.Lock()
	free := b.free
	b.mu.Unlock()
	if free == nil {
		return ctx.Err()
	}
	select {
	case <-free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
