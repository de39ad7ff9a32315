package host

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// tuneGC lets the heap grow by 64 MB, or by at least the given percentage, between garbage collections. They are
// rare while the heap is small, because they take CPU time and pauses from what is measured.
func tuneGC(least int) {
	const room, most = 64 << 20, 400 // bytes, percent
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	percent := most
	if live := sample[0].Value.Uint64(); live > 0 {
		percent = int(min(most, max(uint64(least), 100*room/live)))
	}
	debug.SetGCPercent(percent)
}

// KeepTuningGC adapts the garbage collector to the heap until the context ends.
func KeepTuningGC(ctx context.Context, least int) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for ctx.Err() == nil {
		tuneGC(least)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}
