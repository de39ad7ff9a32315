package calibration

import (
	"math"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// worksOf fits the demands of the steps on every process. A request does not take longer of all processes together than
// it took in all, so where counts alone leave the demand of a step open, its service times bound it: the step is set
// to that bound, its processes by how uncertain they are, and the other steps are fitted again. The kinds
// of work of a process are the steps, and then those of its form.
func worksOf(steps []string, runs [][]runRows, forms []form) ([]capacity.Work, error) {
	bounds := boundsOf(len(steps), runs, forms)
	fixed := map[int][]capacity.KindOfWork{} // by step, one for each process
	var free []capacity.Work                 // with no step fixed
	for {
		works, err := fitAll(steps, runs, forms, fixed)
		if err != nil {
			return nil, err
		}
		if free == nil {
			free = cloned(works)
		}
		for i := range works {
			for k := range steps { // of one that is not fixed: an interval given that the others are exact would be too narrow
				if _, is := fixed[k]; is {
					continue
				}
				works[i].Kinds[k].Interval = around(works[i].Kinds[k].Seconds, free[i].Kinds[k].Interval, bounds[k])
			}
		}
		worst := mostExceeded(works, bounds, fixed)
		if worst < 0 {
			return works, nil
		}
		fixed[worst] = within(works, worst, bounds[worst])
	}
}

func cloned(works []capacity.Work) []capacity.Work {
	all := slices.Clone(works)
	for i := range all {
		all[i].Kinds = slices.Clone(all[i].Kinds)
	}
	return all
}

// around returns an interval cut at a bound, widened to contain a value.
func around(value float64, interval capacity.Interval, bound float64) capacity.Interval {
	if math.IsNaN(value) {
		return interval
	}
	return capacity.Interval{min(interval[0], value), max(min(interval[1], bound), value)}
}

// boundsOf returns the longest demand that each step may have: its mean service time in the run where that was shortest, or
// +Inf if it is not known. A request that is spared work took less than its demand.
func boundsOf(steps int, runs [][]runRows, forms []form) []float64 {
	bounds := make([]float64, steps)
	for k := range bounds {
		bounds[k] = math.Inf(1)
		for n, run := range runs[0] {
			left := 1.
			for i, f := range forms {
				left = min(left, f.leftIn(runs[i][n]))
			}
			mean := run.means[k]
			if left < 1 {
				mean = max(mean, run.longMeans[k])
			}
			bounds[k] = min(bounds[k], mean/left)
		}
	}
	return bounds
}

// longMeanServiceTime returns the mean service time of a step with its longest hundredth, or +Inf if it is not known. Where
// requests are spared work, those are the ones that were not.
func longMeanServiceTime(step string, r report.Report) float64 {
	for _, row := range r.Steps {
		if row.Step == step && row.ServiceTimeS != nil {
			return row.ServiceTimeS.Mean
		}
	}
	return math.Inf(1)
}

// meanServiceTime returns the mean service time of a step without its longest hundredth, or +Inf if it is not known.
func meanServiceTime(step string, r report.Report) float64 {
	const fewest = 20
	times, mean := serviceTimes(r, step), 0.
	for _, t := range times {
		mean += t / float64(len(times))
	}
	if len(times) < fewest {
		return math.Inf(1)
	}
	return mean
}

// fitAll fits every process, with the demands of some steps fixed.
func fitAll(steps []string, runs [][]runRows, forms []form, fixed map[int][]capacity.KindOfWork) ([]capacity.Work, error) {
	works := make([]capacity.Work, len(runs))
	for i := range runs {
		rows := forms[i].of(runs[i])
		left := make([]capacity.WorkRow, len(rows))
		for n, row := range rows {
			left[n] = capacity.WorkRow{Busy: row.Busy, Length: row.Length, Counts: make([]float64, len(row.Counts))}
			for k, count := range row.Counts {
				if known, is := fixed[k]; is {
					left[n].Busy = max(0, left[n].Busy-known[i].Seconds*count)
				} else {
					left[n].Counts[k] = count
				}
			}
		}
		var err error
		if works[i], err = capacity.FitWork(slices.Concat(steps, forms[i].kinds()), left); err != nil {
			return nil, processError{i, setup.Refused(err)}
		}
		for k, known := range fixed {
			works[i].Kinds[k] = known[i]
		}
	}
	return works, nil
}

// processError is an error of one process, which the caller names.
type processError struct {
	process int
	error
}

func (p processError) Unwrap() error { return p.error }

func stepNames(steps []reportStep) (names []string) {
	for _, step := range steps {
		names = append(names, step.name)
	}
	return names
}

// mostExceeded returns the step whose demands exceed its service time by the greatest factor, or −1. A step whose
// demands certainly exceed it, although its counts are unlike those of other steps, works in parallel or afterwards, and
// is left as it is; so are steps that cannot be told apart from others.
func mostExceeded(works []capacity.Work, bounds []float64, fixed map[int][]capacity.KindOfWork) int {
	const tolerance, unlike = 1.02, 0.8
	worst, most := -1, tolerance
	for k, bound := range bounds {
		if _, done := fixed[k]; done || !(bound > 0) {
			continue
		}
		total, least, free, alike := 0., 0., true, false
		for _, work := range works {
			kind := work.Kinds[k]
			if kind.Seconds > 0 {
				total, least = total+kind.Seconds, least+kind.Interval[0]
			}
			free, alike = free && len(kind.With) == 0, alike || math.Abs(kind.Correlation) > unlike
		}
		if free && (least <= bound || alike) && total/bound > most {
			worst, most = k, total/bound
		}
	}
	return worst
}

// within returns the demands of a step reduced to a total, the most uncertain ones most: the nearest point in units of
// their errors.
func within(works []capacity.Work, step int, total float64) []capacity.KindOfWork {
	kinds := make([]capacity.KindOfWork, len(works))
	for i, work := range works {
		kinds[i] = work.Kinds[step]
		if math.IsNaN(kinds[i].Seconds) {
			kinds[i].Seconds = 0
		}
	}
	for range kinds { // each round binds at least one at 0, or ends
		sum, variance := 0., 0.
		for _, kind := range kinds {
			sum += kind.Seconds
			if kind.Seconds > 0 {
				variance += math.Pow(kind.Interval[1]-kind.Interval[0], 2)
			}
		}
		if sum <= total || variance == 0 {
			break
		}
		over := sum - total
		for i := range kinds {
			if kinds[i].Seconds > 0 {
				kinds[i].Seconds = max(0, kinds[i].Seconds-over*math.Pow(kinds[i].Interval[1]-kinds[i].Interval[0], 2)/variance)
			}
		}
	}
	for i := range kinds { // a lower end above the bound is of another step's work
		if kinds[i].Interval[1] = min(kinds[i].Interval[1], total); kinds[i].Interval[0] > kinds[i].Seconds {
			kinds[i].Interval[0] = 0
		}
		kinds[i].Interval[1] = max(kinds[i].Interval[1], kinds[i].Seconds)
	}
	return kinds
}
