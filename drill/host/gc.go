package host

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// tuneGC lets the heap grow by 64 MB, and at least by so many percent, between collections: while memory is
// small they are rare, because they take time from what is measured, and their pauses count.
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

// KeepTuningGC tunes as long as the context lasts.
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
