package calibration

import (
	"fmt"
	"math"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Bounds beyond which the cost of requests counts as not the same in all runs.
const (
	fewestSpread = 0.2  // between the runs with the dearest and the cheapest requests, of the fitted cost
	aTick        = 0.02 // seconds of CPU that readings may miss
)

// cost is what a run used of a process, compared with what the fit says of its requests.
type cost struct {
	load   float64 // requests per second
	excess float64 // share of the fitted CPU by which the run used more; below 0: less
	whole  float64 // CPU of the run, over that of the demands alone, without idling
}

// warnOfCosts warns if the same requests cost a process more in some runs than in others. Demands are constants, so no
// demands fit a cache, a batch, or data that grow. The reports are ordered by load.
func (m *Model) warnOfCosts(fit processFit, steps []reportStep, ordered []report.Report) {
	name, work := fit.name, fit.work
	var costs []cost
	low, high, certain := 0, 0, false
	for _, r := range ordered {
		row := fit.form.row(wholeRun(name, steps, r), r)
		fitted, variance := 0., 0.
		for k, kind := range work.Kinds {
			if kind.Seconds > 0 {
				fitted += kind.Seconds * row.Counts[k]
				variance += kind.Seconds * kind.Seconds * row.Counts[k] // of exponential work
			}
		}
		if !(fitted > 0) {
			return
		}
		whole := row.Busy / fitted
		fitted += work.Idle * row.Length
		costs = append(costs, cost{loadOf(r), row.Busy/fitted - 1, whole})
		certain = certain || math.Abs(row.Busy-fitted) > 3*math.Sqrt(variance)+aTick
		if last := len(costs) - 1; costs[last].excess < costs[low].excess {
			low = last
		} else if costs[last].excess > costs[high].excess {
			high = last
		}
	}
	cheap, dear := costs[low], costs[high]
	if !certain || dear.excess-cheap.excess < fewestSpread {
		return
	}
	m.Warnings = append(m.Warnings, fmt.Sprintf("%s: the same requests used %s CPU than the demands say at %.3g requests/s, and %s at %.3g/s, so no demands fit all runs: %s",
		name, compared(cheap.excess), cheap.load, compared(dear.excess), dear.load, whyCosts(costs)))
}

func compared(excess float64) string {
	if excess < 0 {
		return units.Percent(-excess) + " less"
	}
	return units.Percent(excess) + " more"
}

// whyCosts says what makes requests dearer or cheaper with the load, and what to do.
func whyCosts(costs []cost) string {
	rises, falls := true, true
	for i := 1; i < len(costs); i++ {
		change := costs[i].whole/costs[i-1].whole - 1
		rises, falls = rises && change > -fewestSpread/4, falls && change < fewestSpread/4
	}
	switch {
	case rises:
		return "a request costs more the more come, or the more data the service holds; calibrate with loads near the one you ask about, and begin each with the same data (redline --before-level)"
	case falls:
		return "requests that come together share work (a batch, a cache), or the service works without them; calibrate with loads near the one you ask about, and give reports of four loads or more, so that the fall can be fitted"
	}
	return "something else than requests used the process, or its data changed between the runs; repeat them on a quiet machine, each with the same data"
}
