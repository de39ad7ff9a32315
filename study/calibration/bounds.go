package calibration

import (
	"fmt"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// worksOf fits the demands of the steps on every process. A request does not take longer of all processes together than
// it took in all, so where counts alone leave the demand of a step open, its service times bound it: the step is set
// to that bound, its processes by how uncertain they are, and the other steps are fitted again.
func worksOf(names []string, steps []reportStep, reports []report.Report) ([]capacity.Work, error) {
	rows := make([][]capacity.WorkRow, len(names))
	for i, name := range names {
		rows[i] = workRows(name, steps, reports)
	}
	bounds := make([]float64, len(steps))
	for k, step := range steps {
		bounds[k] = shortestMean(step.name, reports)
	}
	fixed := map[int][]capacity.KindOfWork{} // by step, one for each process
	var free []capacity.Work                 // with no step fixed
	for {
		works, err := fitAll(names, steps, rows, fixed)
		if err != nil {
			return nil, err
		}
		if free == nil {
			free = cloned(works)
		}
		for i := range works {
			for k := range works[i].Kinds { // of one that is not fixed: an interval given that the others are exact would be too narrow
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

// shortestMean returns the mean service time of a step in the run where it was shortest, or +Inf if it is not known.
func shortestMean(step string, reports []report.Report) float64 {
	const fewest = 20
	least := math.Inf(1)
	for _, r := range reports {
		times, mean := serviceTimes(r, step), 0.
		for _, t := range times {
			mean += t / float64(len(times))
		}
		if len(times) >= fewest {
			least = min(least, mean)
		}
	}
	return least
}

// fitAll fits every process, with the demands of some steps fixed.
func fitAll(names []string, steps []reportStep, rows [][]capacity.WorkRow, fixed map[int][]capacity.KindOfWork) ([]capacity.Work, error) {
	works := make([]capacity.Work, len(names))
	kinds := make([]string, len(steps))
	for k, step := range steps {
		kinds[k] = step.name
	}
	for i, name := range names {
		left := make([]capacity.WorkRow, len(rows[i]))
		for n, row := range rows[i] {
			left[n] = capacity.WorkRow{Busy: row.Busy, Length: row.Length, Counts: make([]float64, len(steps))}
			for k, count := range row.Counts {
				if known, is := fixed[k]; is {
					left[n].Busy = max(0, left[n].Busy-known[i].Seconds*count)
				} else {
					left[n].Counts[k] = count
				}
			}
		}
		var err error
		if works[i], err = capacity.FitWork(kinds, left); err != nil {
			return nil, setup.Refused(fmt.Errorf("process %s: %w", name, err))
		}
		for k, known := range fixed {
			works[i].Kinds[k] = known[i]
		}
	}
	return works, nil
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
