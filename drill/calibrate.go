package drill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// fewestLevels is how many loads a calibration takes at least: two demands and their uncertainty.
const fewestLevels = 3

// alikeLoads is the ratio up to which two loads tell the same: runs of one load differ by less.
const alikeLoads = 1.05

// resamples draw the intervals of demands.
const resamples = 1000

// Calibrating says how reports become parameters.
type Calibrating struct {
	// Shared counts the CPU of all processes as the service's, generator and mocks too: where they
	// run on the same machine, they take it from the service.
	Shared bool
	Seed   uint64 // of resampling
	// Scenario is what was run. With it, demands are per visit of the scenario's routes, and waits are
	// fitted too; without it, a request counts as one visit.
	Scenario *scenarios.Scenario
	Least    Options // what the reports of the least load do not hold: scale, window, or the rate
}

// Model is what a calibration found. It becomes a file with [WriteModel].
type Model struct {
	Scenario string
	Levels   int
	LowestS  float64 // requests per second at the least and the greatest load
	HighestS float64
	Stations []FittedStation
	Delays   []FittedDelay // of steps, where the scenario is known
	Measured []string      // what else was seen: mean times of dependencies
	Warnings []string
}

// FittedStation is a station's parameters. PerBatch is nil where it does not work in batches.
type FittedStation struct {
	Name       string
	Servers    int
	Unit       string // of demand: request, visit, row
	PerRequest FittedDemand
	PerBatch   *FittedDemand
	Shape      workload.Distribution // of the service time; its mean is the demand
	RSquared   float64
	Also       float64          // seconds that each batch takes of the station web
	Rows       bool             // web does the work on rows, and batches wait for it
	Chores     scenarios.Chores // of the demand of requests, what comes in large pieces
	Late       float64          // seconds that a batch waits for company longer than it is set to
	Idling     float64          // servers' time per second that is nobody's request's
}

// FittedDemand is the seconds that one request, or one batch, takes of one server.
type FittedDemand struct {
	Seconds  float64
	Interval *capacity.Interval // 95 %, by residual bootstrap; nil where the levels are too few
}

// Calibrate fits the stations of the simulator to live reports of several loads: web, from the CPU
// of the backend for each request and each batch of the store, and store, from its busy time for each row and each batch.
// Where the scenario is known, what people wait is fitted too: see [Model.fitWaits].
func Calibrate(ctx context.Context, reports []report.Report, how Calibrating) (Model, error) {
	levels, err := readLevels(reports, how.Shared)
	if err != nil {
		return Model{}, err
	}
	model := Model{
		Scenario: reports[0].Scenario.Name, Levels: len(levels),
		LowestS: levels[0].requests, HighestS: levels[len(levels)-1].requests, Measured: dependencyTimes(reports),
	}
	model.doubtLoads(reports)
	if how.Scenario == nil {
		return model, cmp.Or(model.fitStations(levels, reports, how), model.finite())
	}
	visits, err := visitsPerRequest(ctx, reports, how)
	if err != nil {
		return model, err
	}
	for i := range levels {
		levels[i].requests *= visits
	}
	if err := cmp.Or(model.fitStations(levels, reports, how), model.finite()); err != nil {
		return model, err
	}
	return model, model.fitWaits(ctx, reports, how)
}

// doubtLoads warns of loads that cannot tell much.
func (m *Model) doubtLoads(reports []report.Report) {
	if m.HighestS < 1.5*m.LowestS {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the loads lie between %.3g and %.3g requests per second only; demands and idling can hardly be told apart: measure loads that differ by 3 times and more", m.LowestS, m.HighestS))
	}
	for _, r := range reports {
		if r.Verdict == report.Invalid {
			m.Warnings = append(m.Warnings, "a report is of an invalid run ("+strings.Join(r.Invalid, "; ")+"); its load may not be what it seems")
		}
	}
}

// fitStations finds the demands of web and store.
func (m *Model) fitStations(levels []level, reports []report.Report, how Calibrating) error {
	defer m.doubts()
	var store FittedStation
	var warnings []string
	var err error
	counted := levels[0].store != nil
	if counted {
		if store, warnings, err = fitStore(levels, reports, how); err != nil {
			return fmt.Errorf("station store: %w", err)
		}
	}
	if store.Rows = counted && how.Scenario != nil; store.Rows { // the writer's work needs the CPU as all else does
		for i, l := range levels {
			levels[i].cpu = max(0, l.cpu-l.store.rows*store.PerRequest.Seconds)
		}
	}
	web, more, err := fitWeb(levels, reports, how)
	if err != nil {
		return fmt.Errorf("station web: %w", err)
	}
	m.Stations, m.Warnings = append(m.Stations, web), append(m.Warnings, more...)
	if !counted {
		m.Warnings = append(m.Warnings, "the reports have no station store; what the scenario says of it stays")
		return nil
	}
	if web.PerBatch != nil {
		store.Also = web.PerBatch.Seconds
	}
	m.Stations, m.Warnings = append(m.Stations, store), append(m.Warnings, warnings...)
	return nil
}

// finite refuses figures that are none.
func (m *Model) finite() error {
	for _, station := range m.Stations {
		for _, figure := range []float64{station.PerRequest.Seconds, station.RSquared, station.Also, station.Idling} {
			if math.IsNaN(figure) || math.IsInf(figure, 0) {
				return refuse("station %s cannot be fitted: the figures of the reports are too far apart; give reports as ombak wrote them", station.Name)
			}
		}
	}
	return nil
}

// doubts warns of demands that explain little of what was measured.
func (m *Model) doubts() {
	for _, station := range m.Stations {
		if station.RSquared < 0.9 {
			m.Warnings = append(m.Warnings, fmt.Sprintf("%s: the demands explain %.0f %% of the differences between the loads only; measure longer, on a quiet machine, at loads that differ more", station.Name, 100*max(0, station.RSquared)))
		}
	}
}

// level is one load, all per second.
type level struct {
	requests float64 // that the backend answered
	cpu      float64 // CPU seconds
	cpus     int
	store    *storeLevel
}

type storeLevel struct {
	busy, rows, batches float64
	fsync               float64 // of busy, where batches are counted
}

// readLevels reads a load from each report, in order of the load.
func readLevels(reports []report.Report, shared bool) ([]level, error) {
	if len(reports) < fewestLevels {
		return nil, refuse("%d reports are too few to tell what a request costs; give at least %d of different loads, better five at 10 to 60 %% of the limit (ombak redline writes them)", len(reports), fewestLevels)
	}
	if one, other, same := sameReport(reports); same {
		return nil, refuse("reports %d and %d are the same; give each run once", one+1, other+1)
	}
	var levels []level
	for i, r := range reports {
		l, err := readLevel(r, shared)
		if err != nil {
			return nil, refuse("report %d: %w", i+1, err)
		}
		if r.Scenario.Name != reports[0].Scenario.Name {
			return nil, refuse("report %d is of scenario %s and the first of %s; give reports of one scenario", i+1, r.Scenario.Name, reports[0].Scenario.Name)
		}
		if len(levels) > 0 && (l.store == nil) != (levels[0].store == nil) {
			return nil, refuse("report %d: only some of the reports have a station store; give reports of one kind", i+1)
		}
		levels = append(levels, l)
	}
	slices.SortFunc(levels, func(a, b level) int { return cmp.Compare(a.requests, b.requests) })
	if loads := differentLoads(levels); loads < fewestLevels {
		return nil, refuse("the %d reports are of %d different loads, between %.4g and %.4g requests per second, too few to tell what a request costs; give at least %d of different loads, better five at 10 to 60 %% of the limit (ombak redline writes them)",
			len(reports), loads, levels[0].requests, levels[len(levels)-1].requests, fewestLevels)
	}
	return levels, nil
}

// sameReport finds two reports that are of one run, whatever their files are called.
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

// differentLoads counts the loads, which stand in order: those that are alike once.
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
		return level{}, errors.New("it is simulated; a model is fitted to live reports")
	case !(r.DurationS > 0):
		return level{}, errors.New("it is empty: the run took no time")
	case r.Machine == nil || r.Machine.CPUs < 1:
		return level{}, errors.New("it does not say how many CPUs the machine has")
	}
	if err := plausible(r); err != nil {
		return level{}, err
	}
	l := level{cpus: r.Machine.CPUs}
	if l.requests = requestsOf(r) / r.DurationS; !(l.requests < mostScaled) {
		return level{}, errors.New("it has more requests than can be counted; give the report as ombak wrote it")
	}
	known := false
	for _, process := range r.Processes {
		if process.CPUS != nil && (process.Name == "backend" || shared) {
			l.cpu += *process.CPUS / r.DurationS
			known = known || process.Name == "backend"
		}
	}
	if !known || l.requests == 0 {
		return level{}, errors.New("it does not say what CPU the process backend used, or has no requests; give reports of ombak drill or redline")
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

// plausible returns an error where a report says of something that it worked for longer than it could. A run's
// processes begin before it and end after it, which is left out of account.
func plausible(r report.Report) error {
	const beside = 5 // seconds
	longest := func(servers float64) float64 { return 1.1*servers*r.DurationS + beside*max(1, servers) }
	for _, station := range r.Stations {
		servers := station.Servers
		if servers <= 0 { // it is not known
			servers = station.Completions
		}
		if !(station.BusyS >= 0) || station.BusyS > longest(servers) {
			return fmt.Errorf("station %s was busy for %.4g s, which %.4g servers cannot be in a run of %.4g s; give the report as ombak wrote it", station.Name, station.BusyS, servers, r.DurationS)
		}
		if fsync := station.FsyncS; fsync != nil && (!(*fsync >= 0) || *fsync > longest(servers)) {
			return fmt.Errorf("station %s waited %.4g s for the disk in a run of %.4g s; give the report as ombak wrote it", station.Name, *fsync, r.DurationS)
		}
		if scv := station.BatchSCV; scv != nil && station.Batches != nil && *scv > *station.Batches { // n times vary by n − 1 at most
			return fmt.Errorf("the times of %.4g batches of station %s vary by a batch_scv of %.4g, which so few cannot; give the report as ombak wrote it", *station.Batches, station.Name, *scv)
		}
	}
	used := map[string]*float64{}
	for _, process := range r.Processes {
		used["process "+process.Name] = process.CPUS
	}
	if r.Generator != nil {
		used["the generator"] = r.Generator.CPUS
	}
	for _, name := range sortedNames(used) {
		if cpu := used[name]; cpu != nil && (!(*cpu >= 0) || *cpu > longest(float64(r.Machine.CPUs))) {
			return fmt.Errorf("%s used %.4g s of CPU, which %d CPUs do not have in a run of %.4g s; give the report as ombak wrote it", name, *cpu, r.Machine.CPUs, r.DurationS)
		}
	}
	return nil
}

// requestsOf is how many requests of people the backend got; looks for what comes later not counted.
func requestsOf(r report.Report) (requests float64) {
	for _, row := range r.Steps {
		if !awaits(row.Step) {
			requests += row.Requests
		}
	}
	return requests
}

// awaits says whether a step waits for mail or SMS, as the bundled scenarios call it: the backend
// does not answer there. A report does not tell the kinds of its steps.
func awaits(step string) bool { return step == "mail" || step == "sms" }

// rowOf returns the row of a station.
func rowOf(r report.Report, name string) (report.StationRow, bool) {
	at := slices.IndexFunc(r.Stations, func(s report.StationRow) bool { return s.Name == name })
	if at < 0 {
		return report.StationRow{}, false
	}
	return r.Stations[at], true
}

// dependencyTimes says how long the dependencies took on average, for the reader: what is known of
// their shape is in the scenario.
func dependencyTimes(reports []report.Report) []string {
	busy, done := map[string]float64{}, map[string]float64{}
	for _, r := range reports {
		for _, station := range r.Stations {
			if _, called := rowOf(r, "call:"+station.Name); called {
				busy[station.Name] += station.BusyS
				done[station.Name] += station.Completions
			}
		}
	}
	var texts []string
	for _, name := range sortedNames(busy) {
		if done[name] > 0 {
			texts = append(texts, fmt.Sprintf("%s: %s a call on average, of %.0f calls", name, spellTime(busy[name]/done[name]), done[name]))
		}
	}
	return texts
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }
