package host

import (
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/prometheus/procfs"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
)

// StrainMeter measures how busy the generator's process and its machine are.
type StrainMeter struct {
	began        time.Time
	cpu          time.Duration
	steal, whole float64
}

// NewStrainMeter starts to measure.
func NewStrainMeter() StrainMeter {
	m := StrainMeter{began: time.Now(), cpu: ownCPU()}
	m.steal, m.whole = machineTicks()
	return m
}

// Read returns the strain since the meter was made.
func (m StrainMeter) Read(totals loadgen.Totals) *report.Strain {
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

// machineTicks returns the CPU time of the whole machine that its host took away, and all of it, in
// seconds since boot; both are 0 if the system does not say. Guest time is part of user time.
func machineTicks() (steal, whole float64) {
	system, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, 0
	}
	stat, err := system.Stat()
	if err != nil {
		return 0, 0
	}
	t := stat.CPUTotal
	return t.Steal, t.User + t.Nice + t.System + t.Idle + t.Iowait + t.IRQ + t.SoftIRQ + t.Steal
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
