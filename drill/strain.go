package drill

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
)

// strainMeter measures what the generator's process and machine go through.
type strainMeter struct {
	began        time.Time
	cpu          time.Duration
	steal, whole float64
}

func newStrainMeter() strainMeter {
	m := strainMeter{began: time.Now(), cpu: ownCPU()}
	m.steal, m.whole = machineTicks()
	return m
}

// read returns the strain since the meter was made.
func (m strainMeter) read(totals loadgen.Totals) *report.Strain {
	wall := time.Since(m.began) * time.Duration(runtime.NumCPU())
	strain := &report.Strain{
		CPUShare: (ownCPU() - m.cpu).Seconds() / wall.Seconds(), GCPauseMaxS: longestPause(), Shed: float64(totals.Shed),
	}
	if totals.Requests > 0 {
		strain.PacingError = float64(totals.WrongSecond) / float64(totals.Requests)
	}
	if steal, whole := machineTicks(); whole > m.whole {
		share := (steal - m.steal) / (whole - m.whole)
		strain.StealShare = &share
	}
	return strain
}

// machineTicks reads the first line of /proc/stat (see proc(5)): ticks stolen and ticks in all; 0
// where it cannot be read.
func machineTicks() (steal, whole float64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	const stolen, guest = 8, 9 // guest time is in user time already
	for i, field := range strings.Fields(line) {
		if ticks, err := strconv.ParseFloat(field, 64); err == nil && i > 0 && i < guest {
			whole += ticks
			if i == stolen {
				steal = ticks
			}
		}
	}
	return steal, whole
}

// longestPause returns the upper end of the longest garbage-collection pause's class, in seconds.
func longestPause() float64 {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	histogram := sample[0].Value.Float64Histogram()
	for i := len(histogram.Counts) - 1; i >= 0; i-- {
		if histogram.Counts[i] > 0 {
			return min(histogram.Buckets[i+1], 2*max(histogram.Buckets[i], 1e-6)) // the last class has no end
		}
	}
	return 0
}

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

// keepTuning tunes as long as the context lasts.
func keepTuning(ctx context.Context, least int) {
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
