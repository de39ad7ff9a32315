package calibration

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// level is one measured load. All figures are per second.
type level struct {
	requests float64 // answered by the backend
	cpu      float64 // CPU seconds
	cpus     int
	store    *storeLevel
}

type storeLevel struct {
	busy, rows, batches float64
	fsync               float64 // part of busy; 0 if batches are not counted
}

// readLevels returns the load of each report, the lightest first.
func readLevels(reports []report.Report, shared bool) ([]level, error) {
	if len(reports) < fewestLevels {
		return nil, setup.Refuse("%d reports are too few to estimate what a request costs; give at least %d of different loads, better five at 10 to 60 %% of the limit (ombak redline writes them)", len(reports), fewestLevels)
	}
	if one, other, same := sameReport(reports); same {
		return nil, setup.Refuse("reports %d and %d are the same; give each run once", one+1, other+1)
	}
	var levels []level
	for i, r := range reports {
		l, err := readLevel(r, shared)
		if err != nil {
			return nil, setup.Refuse("report %d: %w", i+1, err)
		}
		if r.Scenario.Name != reports[0].Scenario.Name {
			return nil, setup.Refuse("report %d is of scenario %s and the first of %s; give reports of one scenario", i+1, r.Scenario.Name, reports[0].Scenario.Name)
		}
		if len(levels) > 0 && (l.store == nil) != (levels[0].store == nil) {
			return nil, setup.Refuse("report %d: only some of the reports have a station store; give reports of one kind", i+1)
		}
		levels = append(levels, l)
	}
	slices.SortFunc(levels, func(a, b level) int { return cmp.Compare(a.requests, b.requests) })
	if loads := differentLoads(levels); loads < fewestLevels {
		return nil, setup.Refuse("the %d reports are of %d different loads, between %.4g and %.4g requests per second, too few to estimate what a request costs; give at least %d of different loads, better five at 10 to 60 %% of the limit (ombak redline writes them)",
			len(reports), loads, levels[0].requests, levels[len(levels)-1].requests, fewestLevels)
	}
	return levels, nil
}

// sameReport finds two reports of one run, whatever their files are called.
func sameReport(reports []report.Report) (one, other int, same bool) {
	for other := range reports {
		for one := range other {
			if reflect.DeepEqual(reports[one], reports[other]) {
				return one, other, true
			}
		}
	}
	return 0, 0, false
}

// differentLoads counts the loads, which must be sorted. Loads that are nearly equal count once.
func differentLoads(levels []level) int {
	count, least := 0, math.Inf(-1)
	for _, l := range levels {
		if l.requests > alikeLoads*least || count == 0 {
			count, least = count+1, l.requests
		}
	}
	return count
}

func readLevel(r report.Report, shared bool) (level, error) {
	switch {
	case r.Engine == report.Simulated:
		return level{}, errors.New("it is simulated; give live reports")
	case !(r.DurationS > 0):
		return level{}, errors.New("it is empty: the run took no time")
	case r.Machine == nil || r.Machine.CPUs < 1:
		return level{}, errors.New("the number of the machine's CPUs is missing")
	}
	if err := plausible(r); err != nil {
		return level{}, err
	}
	l := level{cpus: r.Machine.CPUs}
	if l.requests = requestsOf(r) / r.DurationS; !(l.requests < setup.MostServers) {
		return level{}, errors.New("its number of requests is impossible; give the report as ombak wrote it")
	}
	known := false
	for _, process := range r.Processes {
		if process.CPUS != nil && (process.Name == "backend" || shared) {
			l.cpu += *process.CPUS / r.DurationS
			known = known || process.Name == "backend"
		}
	}
	if !known || l.requests == 0 {
		return level{}, fmt.Errorf("the CPU of the process backend is missing, or there are no requests (%w)", errNoProcess([]report.Report{r}))
	}
	if shared && r.Generator != nil && r.Generator.CPUS != nil {
		l.cpu += *r.Generator.CPUS / r.DurationS
	}
	for _, station := range r.Stations {
		if station.Name == "store" && station.Completions > 0 {
			l.store = &storeLevel{busy: station.BusyS / r.DurationS, rows: station.Completions / r.DurationS}
			if station.Batches != nil {
				l.store.batches = *station.Batches / r.DurationS
				if station.FsyncS != nil {
					l.store.fsync = *station.FsyncS / r.DurationS
				}
			}
		}
	}
	return l, nil
}

// plausible returns an error if a report claims that something worked for longer than it could. Processes start a
// little before the run and end a little after it, which is allowed for.
func plausible(r report.Report) error {
	const beside = 5 // seconds before and after the run
	longest := func(servers float64) float64 { return 1.1*servers*r.DurationS + beside*max(1, servers) }
	for _, station := range r.Stations {
		servers := station.Servers
		if servers <= 0 { // unknown
			servers = station.Completions
		}
		if !(station.BusyS >= 0) || station.BusyS > longest(servers) {
			return fmt.Errorf("station %s was busy for %.4g s, which %.4g servers cannot be in a run of %.4g s; give the report as ombak wrote it", station.Name, station.BusyS, servers, r.DurationS)
		}
		if fsync := station.FsyncS; fsync != nil && (!(*fsync >= 0) || *fsync > longest(servers)) {
			return fmt.Errorf("station %s waited %.4g s for the disk in a run of %.4g s; give the report as ombak wrote it", station.Name, *fsync, r.DurationS)
		}
		if scv := station.BatchSCV; scv != nil && station.Batches != nil && *scv > *station.Batches { // the SCV of n times is at most n − 1
			return fmt.Errorf("the batch_scv of %[3]g is impossible for %.4[1]g batches of station %[2]s; give the report as ombak wrote it", *station.Batches, station.Name, *scv)
		}
	}
	used := map[string]*float64{}
	for _, process := range r.Processes {
		used["process "+process.Name] = process.CPUS
	}
	if r.Generator != nil {
		used["the generator"] = r.Generator.CPUS
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if cpu := used[name]; cpu != nil && (!(*cpu >= 0) || *cpu > longest(float64(r.Machine.CPUs))) {
			return fmt.Errorf("%s used %.4g s of CPU, which %d CPUs do not have in a run of %.4g s; give the report as ombak wrote it", name, *cpu, r.Machine.CPUs, r.DurationS)
		}
	}
	return nil
}

// requestsOf returns the number of people's requests to the backend. Polling in await steps does not count.
func requestsOf(r report.Report) (requests float64) {
	for _, row := range r.Steps {
		if !r.Awaits(row.Step) {
			requests += row.Requests
		}
	}
	return requests
}

// rowOf returns the row of a station.
func rowOf(r report.Report, name string) (report.StationRow, bool) {
	at := slices.IndexFunc(r.Stations, func(s report.StationRow) bool { return s.Name == name })
	if at < 0 {
		return report.StationRow{}, false
	}
	return r.Stations[at], true
}
