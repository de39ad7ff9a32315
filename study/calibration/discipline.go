package calibration

import (
	"fmt"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// What tells a line from sharing: how much longer cheap steps take at the heaviest load, over how much longer dear ones do.
const (
	muchCheaper  = 5   // times less demand
	waitsClearly = 0.2 // of the dear step's demand, that it takes longer
	halfway      = 0.5 // in a line both take equally longer; where they share, the cheap one at most a fifth
	twoErrors    = 2   // standard errors on each side
)

// slowdown is by how much a step takes longer at the heaviest load than in the quietest run.
type slowdown struct{ seconds, err float64 }

// slowdownOf compares the service times of a step in two runs. It reports false of too few values.
func slowdownOf(step string, quiet, heavy report.Report) (slowdown, bool) {
	before, beforeErr, is := meanAndError(serviceTimes(quiet, step))
	after, afterErr, too := meanAndError(serviceTimes(heavy, step))
	return slowdown{after - before, math.Hypot(beforeErr, afterErr)}, is && too
}

func meanAndError(values []float64) (mean, err float64, enough bool) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	scv := variationOf(values)
	return mean, mean * math.Sqrt(scv/float64(len(values))), !math.IsNaN(scv)
}

// disciplineOf returns how requests share the cores of a process that has several, from the reports: in a line, all steps
// wait equally long; where the requests share the cores, as threads do, each is slowed in proportion to its work. It says
// what nothing shows.
func disciplineOf(name string, work capacity.Work, servers int, reports []report.Report) (discipline workload.Discipline, unknown string) {
	if servers < 2 {
		return "", "" // one thread does one request after the other
	}
	unknown = unknownDiscipline(name)
	heavy := reports[0]
	for _, r := range reports {
		if process, is := processOf(r, name); is && r.Verdict != report.Invalid && *process.CPUS/r.DurationS > coresOf(heavy, name) {
			heavy = r
		}
	}
	quiet := quietest(reports)
	dearest := slices.MaxFunc(work.Kinds, func(a, b capacity.KindOfWork) int { return compareDemands(a, b) })
	dear, known := slowdownOf(dearest.Name, quiet, heavy)
	if !known || !(dear.seconds > max(waitsClearly*dearest.Seconds, 3*dear.err)) {
		return "", unknown
	}
	cheap, n := slowdown{}, 0.
	for _, kind := range work.Kinds {
		if longer, known := slowdownOf(kind.Name, quiet, heavy); known && kind.Seconds < dearest.Seconds/muchCheaper {
			cheap.seconds, cheap.err, n = cheap.seconds+longer.seconds, math.Hypot(cheap.err, longer.err), n+1
		}
	}
	if n == 0 {
		return "", unknown
	}
	ratio, err := cheap.seconds/n/dear.seconds, twoErrors*math.Hypot(cheap.err/n, dear.err)/dear.seconds
	switch {
	case ratio+err < halfway:
		return workload.Sharing, ""
	case ratio-err > halfway:
		return "", ""
	}
	return "", unknown
}

// unknownDiscipline warns that nothing shows how requests share the cores of a process.
func unknownDiscipline(name string) string {
	return fmt.Sprintf("nothing shows whether requests wait in line for %s or share its cores; the model lets them wait in line, so where it is overloaded cheap steps may take too long: add a level near the limit, or set discipline: sharing at its station", name)
}

func compareDemands(a, b capacity.KindOfWork) int {
	switch {
	case a.Seconds > b.Seconds:
		return 1
	case a.Seconds < b.Seconds || math.IsNaN(a.Seconds) && !math.IsNaN(b.Seconds):
		return -1
	}
	return 0
}

func coresOf(r report.Report, name string) float64 {
	process, is := processOf(r, name)
	if !is {
		return 0
	}
	return *process.CPUS / r.DurationS
}

// mayShare reports whether a station of the scenario leaves open who is served next, and has nothing that sharing excludes.
func mayShare(scenario *scenarios.Scenario, name string) bool {
	if scenario == nil {
		return true
	}
	station := scenario.Stations[name]
	return station.Discipline == "" && station.Deadline == 0 && station.Batch == nil && station.Pauses.Rate == 0 && station.SetUp.IsZero()
}
