package report

import (
	"slices"
	"strings"
)

// Steady describes a report of the steady state of one long run. Its figures are of the time after the warm-up, and the
// intervals beside them come from the means of batches, stretches of equal length that follow each other.
type Steady struct {
	CutS     float64 `json:"cut_s"`    // real seconds at the start that were cut as warm-up
	Batches  int     `json:"batches"`  // number of batches
	BatchS   float64 `json:"batch_s"`  // length of each, in real seconds
	Settled  bool    `json:"settled"`  // the warm-up ended in the first half of the run
	Sentence string  `json:"sentence"` // the same in words
}

// WithIntervals adds to the scalars of a report the intervals of the averaged reports of its batches, which are parts of
// it of equal length. The interval of a sum is as many times that of a batch. Extremes get none.
func (r *Report) WithIntervals(means Report, batches int) {
	r.Offered.CI95 = ofWhole(means.Offered.CI95, batches)
	for i := range r.Funnel {
		r.Funnel[i].CI95 = ofWhole(means.Funnel[i].CI95, batches)
	}
	for i := range r.Steps {
		r.Steps[i].CI95 = ofWhole(means.Steps[i].CI95, batches)
	}
	for i := range r.Stations {
		r.Stations[i].CI95 = ofWhole(means.Stations[i].CI95, batches)
	}
}

// ofWhole turns the intervals of a batch's scalars into those of all batches together.
func ofWhole(intervals Intervals, batches int) Intervals {
	var whole Intervals
	for name, interval := range intervals {
		switch {
		case isExtreme(name):
			continue
		case isSum(name):
			interval[0], interval[1] = interval[0]*float64(batches), interval[1]*float64(batches)
		}
		if whole == nil {
			whole = Intervals{}
		}
		whole[name] = interval
	}
	return whole
}

// isExtreme reports whether a scalar is the largest of something, or a setting.
func isExtreme(name string) bool {
	return strings.HasPrefix(name, "peak_") || strings.HasSuffix(name, "max") || name == "servers"
}

// isSum reports whether a scalar grows with the length of a run.
func isSum(name string) bool {
	sums := strings.Fields("scheduled sent completed dropped entered passed declined abandoned rejected failed timed_out unfinished retries requests visits completions busy_s batches fsync_s wasted")
	return slices.Contains(sums, name) || strings.HasSuffix(name, ".count")
}
