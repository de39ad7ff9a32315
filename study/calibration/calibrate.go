package calibration

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload"
)

// fewestLevels is the least number of loads for a calibration, which estimates two demands and their uncertainty.
const fewestLevels = 3

// alikeLoads is the ratio up to which two loads count as the same. Runs of one load differ by less.
const alikeLoads = 1.05

// resamples is the number of bootstrap resamples for the intervals of demands.
const resamples = 1000

// Calibrating holds the options of [Calibrate].
type Calibrating struct {
	// Shared counts the CPU of all processes, generator and mocks included, as the service's. On one machine they
	// take it from the service. If processes are watched, their own work stays apart, and requests wait for that of
	// the generator.
	Shared bool
	Seed   uint64 // of resampling
	// Scenario is the scenario of the runs. With it, demands are per visit to a station of its routes, and waits are
	// fitted too. Without it, a request counts as one visit.
	Scenario *scenarios.Scenario
	Least    setup.Options // options of the lightest load, for reports that do not hold them
	// Watched names processes of the service. With it, each becomes a station, with a demand for each step. Empty means
	// the stations web and store of the backend, or all watched processes if the reports have no backend.
	Watched []string
	Servers map[string]int // cores that a process can use, where it is fewer than those of the machine
}

// Model is the result of a calibration. [WriteModel] writes it to a file.
type Model struct {
	Scenario string
	Levels   int
	LowestS  float64 // requests per second at the lightest and the heaviest load
	HighestS float64
	Stations []FittedStation
	Routes   []FittedRoute // of steps through processes
	Delays   []FittedDelay // of steps; empty without a scenario
	Measured []string      // what was measured and not fitted: mean times of dependencies
	Warnings []string
}

// FittedStation holds a station's fitted parameters. PerBatch is nil if it does not work in batches.
type FittedStation struct {
	Name       string
	Servers    int
	Unit       string // of demand: request, visit, row
	PerRequest FittedDemand
	PerBatch   *FittedDemand
	Shape      workload.Distribution // of the service time; its mean is the demand
	RSquared   float64
	Also       float64             // seconds of the station web for each batch
	Rows       bool                // the station web does the work on rows, and batches wait for it
	Chores     scenarios.Chores    // the part of the demand of requests that comes in large pieces
	Late       float64             // seconds that a batch waits for more rows beyond its configured age
	Idling     float64             // servers' time per second that serves no request
	Process    bool                // it stands for a process; routes hold the demands of steps
	Together   FittedTogether      // work that requests share
	Opening    FittedOpening       // what connections cost
	Slice      time.Duration       // for which a server works on a request before it turns to the next; 0 with sharing means that all are served at once
	Beside     float64             // seconds of a server that the generator and other processes take for each request
	Discipline workload.Discipline // how requests share its servers; empty leaves it as it is, which is usually a line
}

// FittedDemand is the time that one request, or one batch, takes of one server.
type FittedDemand struct {
	Seconds  float64
	Interval *capacity.Interval // 95 %, by residual bootstrap; nil if the levels are too few
}

// Calibrate fits the stations of the simulator to live reports of several loads. It fits web from the CPU of the
// backend for each request and each batch of the store, and store from its busy time for each row and each batch.
// With a scenario it fits waits too; see Model.fitWaits.
//
// If the reports have no backend of our own, or processes are named, it fits a station for each process and a demand
// for each step; see calibrateProcesses.
func Calibrate(ctx context.Context, reports []report.Report, how Calibrating) (Model, error) {
	if len(how.Watched) == 0 && len(reports) > 0 {
		how.Watched = watchedNames(reports)
	}
	if len(how.Watched) > 0 {
		model, err := calibrateProcesses(ctx, reports, how.Watched, how)
		return model, cmp.Or(err, model.finite())
	}
	levels, err := readLevels(reports, how.Shared)
	if err != nil {
		return Model{}, err
	}
	model := Model{
		Scenario: reports[0].Scenario.Name, Levels: len(levels),
		LowestS: levels[0].requests, HighestS: levels[len(levels)-1].requests, Measured: dependencyTimes(reports),
	}
	model.warnOfLoads(reports)
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

// warnOfLoads warns of loads that lie too close together, and of invalid runs.
func (m *Model) warnOfLoads(reports []report.Report) {
	if m.HighestS < 1.5*m.LowestS {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the loads lie only between %.3g and %.3g requests per second, which hardly separates demands from idling; measure loads that differ by a factor of 3 or more", m.LowestS, m.HighestS))
	}
	for _, r := range reports {
		if r.Verdict == report.Invalid {
			m.Warnings = append(m.Warnings, "one report is of an invalid run ("+strings.Join(r.Invalid, "; ")+"); its load may be wrong")
		}
	}
}

// fitStations finds the demands of web and store.
func (m *Model) fitStations(levels []level, reports []report.Report, how Calibrating) error {
	defer m.warnOfFit()
	var store FittedStation
	var warnings []string
	var err error
	counted := levels[0].store != nil
	if counted {
		if store, warnings, err = fitStore(levels, reports, how); err != nil {
			return fmt.Errorf("station store: %w", err)
		}
	}
	if store.Rows = counted && how.Scenario != nil; store.Rows { // the writer's work uses the CPU too
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
		m.Warnings = append(m.Warnings, "the reports have no station store; the scenario's values of it stay")
		return nil
	}
	if web.PerBatch != nil {
		store.Also = web.PerBatch.Seconds
	}
	m.Stations, m.Warnings = append(m.Stations, store), append(m.Warnings, warnings...)
	return nil
}

// finite returns an error if a fitted figure is not a finite number.
func (m *Model) finite() error {
	for _, station := range m.Stations {
		for _, figure := range []float64{station.PerRequest.Seconds, station.RSquared, station.Also, station.Idling} {
			if math.IsNaN(figure) || math.IsInf(figure, 0) {
				return setup.Refuse("station %s cannot be fitted: the figures of the reports are too far apart; give reports as ombak wrote them", station.Name)
			}
		}
	}
	return nil
}

// warnOfFit warns of demands that explain little of what was measured.
func (m *Model) warnOfFit() {
	for _, station := range m.Stations {
		if station.RSquared < 0.9 {
			m.Warnings = append(m.Warnings, fmt.Sprintf("%s: the demands explain only %.0f %% of the differences between the loads; measure longer, on a quiet machine, at loads that differ more", station.Name, 100*max(0, station.RSquared)))
		}
	}
}

// dependencyTimes describes how long the dependencies took on average. The model does not set it, because the
// scenario knows their distributions.
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
	for _, name := range slices.Sorted(maps.Keys(busy)) {
		if done[name] > 0 {
			texts = append(texts, fmt.Sprintf("%s: %s a call on average, of %.0f calls", name, units.Time(busy[name]/done[name]), done[name]))
		}
	}
	return texts
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }
