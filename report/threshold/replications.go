package threshold

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/report/recorder"
)

// NeedsSeconds reports whether a condition is about response times within a window, which only a recording that keeps
// them by the second knows.
func (c Condition) NeedsSeconds() bool { return c.window != (window{}) && c.selector.isTime() }

// NeedsSeries reports whether a condition is judged by the series of a report: one within a window, and one on recovery.
func (c Condition) NeedsSeries() bool { return c.window != (window{}) || c.selector.figure == recovery }

// Measured returns the conditions with what the recording of one replication knows of response times within windows.
func Measured(conditions []Condition, recording *recorder.Recording, clock func(realTime time.Duration) time.Duration) []Condition {
	return measured(conditions, recording, clock, false)
}

// Averaged joins the same conditions as several replications measured them: what they know becomes its mean, with a 95 %
// interval by Student's t, as the other figures of a report.
func Averaged(replications [][]Condition) []Condition {
	if len(replications) == 1 {
		return replications[0]
	}
	conditions := slices.Clone(replications[0])
	for i := range conditions {
		var values, samples []float64
		for _, replication := range replications {
			if known := replication[i].known; known != nil {
				values, samples = append(values, known.value), append(samples, known.samples)
			}
		}
		if len(values) == 0 {
			continue
		}
		mean, deviation := stat.MeanStdDev(values, nil)
		conditions[i].unknown, conditions[i].known = nil, &windowed{figure: figure{value: mean, samples: stat.Mean(samples, nil)}}
		if n := float64(len(values)); n > 1 {
			half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
			conditions[i].known.interval = &[2]float64{mean - half, mean + half}
		}
	}
	return conditions
}
