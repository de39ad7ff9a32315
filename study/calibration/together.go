package calibration

import (
	"math"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
)

// Bounds of the choice between constant demands and demands that fall with the load.
const (
	fewestForForms = 4    // loads; fewer leave no three without the one to foretell
	goodEnough     = 0.05 // error of a run that the others foretell, up to which constant demands stay
	fitsAll        = 0.02 // error of all runs in the fit itself, up to which they stay too: then a mix is hard to foretell, not a load
	clearlyBetter  = 0.5  // of each error of constant demands, up to which another form is chosen
	clearlyFaster  = 0.9  // of the service times at the lightest load, up to which those at the heaviest say that requests are spared work
)

// withWindows returns the form with work that requests share, if the runs ask for it. Of constant demands, work for each
// window (as of batches), and requests that are spared work within a window (as by a cache), it chooses by how well the
// stretches of all runs but one foretell that one. Service times say which of the last two is tried first, because both may
// foretell well. The cost of connections, if the form has it, is taken from all of them.
//
// Note: a criterion over stretches, such as Akaike's, takes what differs between runs for certain, because a run has many
// stretches.
func withWindows(f form, steps []string, runs []runRows) form {
	opening := f
	if f.connection || f.handshake {
		if runs = f.withoutConnections(steps, runs); runs == nil {
			return f
		}
		f.connection, f.handshake = false, false
	}
	if differentRates(runs) < fewestForForms {
		return opening
	}
	constant := f.leftOut(steps, runs, func(form, []runRows) form { return f })
	within := f.inSample(steps, runs)
	if !(constant > goodEnough) || !(within > fitsAll) {
		return opening
	}
	forms := [][]float64{{0}, {.2, .35, .5, .65, .8, .9, 1}}
	if fasterUnderLoad(runs) { // requests that are spared work take less time then, and others do not
		slices.Reverse(forms)
	}
	for _, shares := range forms {
		search := func(f form, runs []runRows) form { return f.nearest(shares, steps, runs) }
		if f.leftOut(steps, runs, search) >= clearlyBetter*constant {
			continue
		}
		if found := search(f, runs).refined(steps, runs); found.inSample(steps, runs) < clearlyBetter*within {
			found.connection, found.handshake = opening.connection, opening.handshake
			return found
		}
	}
	return opening
}

// fasterUnderLoad reports whether requests took clearly less time at the heaviest load than at the lightest.
func fasterUnderLoad(runs []runRows) bool {
	light, heavy := runs[0], runs[len(runs)-1]
	before, after := 0., 0.
	for k, count := range wholeOf(light).Counts {
		if !math.IsInf(light.means[k], 1) && !math.IsInf(heavy.means[k], 1) {
			before, after = before+count*light.means[k], after+count*heavy.means[k] // of the same mix
		}
	}
	return after < clearlyFaster*before
}

// inSample returns the root of the mean square error of the runs that the form is fitted to.
func (f form) inSample(steps []string, runs []runRows) float64 {
	work, err := f.fit(steps, runs)
	if err != nil {
		return math.Inf(1)
	}
	var misses []float64
	for _, run := range runs {
		misses = append(misses, f.missOf(work, run))
	}
	return rootMeanSquare(misses)
}

// withoutConnections returns the runs without the work of connections, or nil if it cannot be fitted.
func (f form) withoutConnections(steps []string, runs []runRows) (others []runRows) {
	work, err := f.fit(steps, runs)
	if err != nil {
		return nil
	}
	for _, run := range runs {
		rest := runRows{run: run.run, means: run.means, longMeans: run.longMeans}
		for _, row := range run.rows {
			counts := f.row(row, run.run).Counts
			for k := len(steps); k < len(counts); k++ {
				if cost := work.Kinds[k].Seconds; cost > 0 {
					row.Busy = max(0, row.Busy-cost*counts[k])
				}
			}
			rest.rows = append(rest.rows, row)
		}
		others = append(others, rest)
	}
	return others
}

// differentRates counts the loads of runs, of which nearly equal ones count once. The runs are ordered by load.
func differentRates(runs []runRows) (count int) {
	last := math.Inf(-1)
	for _, run := range runs {
		if load := loadOf(run.run); count == 0 || load > alikeLoads*last {
			count, last = count+1, load
		}
	}
	return count
}

// leftOut returns the root of the mean square error of each run that the others foretell.
func (f form) leftOut(steps []string, runs []runRows, search func(form, []runRows) form) float64 {
	var misses []float64
	for out := range runs {
		var others []runRows
		for i, run := range runs {
			if i != out {
				others = append(others, run)
			}
		}
		found := search(f, others)
		work, err := found.fit(steps, others)
		if err != nil {
			return math.Inf(1)
		}
		misses = append(misses, found.missOf(work, runs[out]))
	}
	return rootMeanSquare(misses)
}

// fit fits the process alone.
func (f form) fit(steps []string, runs []runRows) (capacity.Work, error) {
	works, err := worksOf(steps, [][]runRows{runs}, []form{f})
	if err != nil {
		return capacity.Work{}, err
	}
	return works[0], nil
}

// nearest returns the form with the window, and the share of spared work, that come nearest to all stretches.
func (f form) nearest(shares []float64, steps []string, runs []runRows) form {
	const windows = 14
	slow, fast := math.Inf(1), 0.
	for _, run := range runs {
		slow, fast = min(slow, loadOf(run.run)), max(fast, loadOf(run.run))
	}
	if !(slow > 0) {
		return f
	}
	least, most := 0.1/fast, 10/slow
	best, miss := f, math.Inf(1)
	for _, saved := range shares {
		for k := range windows {
			tried := f
			tried.within, tried.saved = least*math.Pow(most/least, float64(k)/(windows-1)), saved
			if m := tried.missed(steps, runs); m < miss {
				best, miss = tried, m
			}
		}
	}
	return best
}

// missed returns the weighted error of the form in all stretches.
func (f form) missed(steps []string, runs []runRows) float64 {
	work, err := f.fit(steps, runs)
	if err != nil {
		return math.Inf(1)
	}
	return weightedMiss(work, f.of(runs))
}

// refined returns the form with window and share varied in ever smaller steps while that comes nearer.
func (f form) refined(steps []string, runs []runRows) form {
	miss := f.missed(steps, runs)
	for step := 0.3; step > 0.01; step /= 2 {
		for range 4 {
			better := false
			for _, tried := range f.around(step) {
				if m := tried.missed(steps, runs); m < miss {
					f, miss, better = tried, m, true
				}
			}
			if !better {
				break
			}
		}
	}
	return f
}

// around returns forms with a little longer and shorter windows, and a little more and less spared work.
func (f form) around(step float64) []form {
	longer, shorter := f, f
	longer.within, shorter.within = f.within*(1+step), f.within/(1+step)
	all := []form{longer, shorter}
	if f.saved > 0 {
		more, less := f, f
		more.saved, less.saved = min(1, f.saved*(1+step)), f.saved/(1+step)
		all = append(all, more, less)
	}
	return all
}
