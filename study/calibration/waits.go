package calibration

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/workload"
)

// load is one of the loads that a model is fitted to: its runs, and how to simulate it.
type load struct {
	scenario *scenarios.Scenario
	reports  []report.Report
	options  setup.Options
}

// loadsOf returns the loads, the lightest first. A report knows its own load. For reports of older versions, or if the
// options give the lightest load, the rate and the scale of the others follow in proportion to the people who arrived.
func loadsOf(reports []report.Report, how Calibrating) (loads []load) {
	runs := map[float64][]report.Report{}
	for _, r := range reports {
		runs[r.Offered.Scheduled] = append(runs[r.Offered.Scheduled], r)
	}
	came := slices.Sorted(maps.Keys(runs))
	for _, people := range came {
		options := how.Least
		options.Rate *= workload.Rate(people / came[0])
		options.Scale *= people / came[0]
		options = optionsOf(runs[people][0], options)
		loads = append(loads, load{how.Scenario, runs[people], options})
	}
	return loads
}

// simulate simulates a load with the stations and delays of the model.
func (m *Model) simulate(ctx context.Context, l load) (report.Report, error) {
	scenario := l.scenario
	if len(m.Stations) > 0 {
		var err error
		if scenario, err = scenario.WithValues(m.setIn); err != nil {
			return report.Report{}, err
		}
	}
	return simulateMeasured(ctx, scenario, l.reports, l.options, simulation.Settings{})
}

// visitsPerRequest returns how often a request visits the station web, by its route and by polling for what comes
// later.
func visitsPerRequest(ctx context.Context, reports []report.Report, how Calibrating) (float64, error) {
	least := loadsOf(reports, how)[0]
	if err := checkMeasured(how.Scenario, least.reports); err != nil {
		return 0, err
	}
	var err error
	if least.scenario, err = forRequestsAlone(how.Scenario); err != nil {
		return 0, err
	}
	simulated, err := new(Model).simulate(ctx, least)
	if err != nil {
		return 0, err
	}
	web, _ := rowOf(simulated, "web")
	visits, requests := web.Completions, requestsOf(simulated)
	if visits <= 0 || requests == 0 {
		return 0, setup.Refuse("CPU is fitted to the station web, and no step's route visits one; add it to a route of the scenario")
	}
	return visits / requests, nil
}

// forRequestsAlone returns the scenario without what its stations do besides serving requests.
func forRequestsAlone(scenario *scenarios.Scenario) (*scenarios.Scenario, error) {
	return scenario.WithValues(func(s *scenarios.Scenario) error {
		for name, station := range s.Stations {
			if station.Chores.Share > 0 {
				station.Chores = scenarios.Chores{}
			} else if station.Batch != nil {
				batch := *station.Batch
				batch.Also.Time, batch.Also.Rows = 0, false
				station.Batch = &batch
			}
			s.Stations[name] = station
		}
		return nil
	})
}

// fitWaits fits what demands alone do not determine, in three stages:
//
//  1. the lateness of batches follows from the number of batches at the heaviest load;
//  2. the variation and the chores of web are chosen such that the waits at all loads but the lightest are nearest to
//     those measured. They stand for service times that vary, for processes that take turns on the machine, and for
//     work that these do from time to time in one piece;
//  3. what is then missing at the lightest load becomes a delay of each step.
func (m *Model) fitWaits(ctx context.Context, reports []report.Report, how Calibrating) error {
	loads := loadsOf(reports, how)
	least, greatest := loads[0], loads[len(loads)-1]
	if _, err := m.simulate(ctx, greatest); errors.Is(err, setup.ErrRefused) {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the heaviest load cannot be simulated, so waits are fitted to the lightest load alone: %v", err))
		return m.fitDelays(ctx, least)
	}
	if err := m.fitLateness(ctx, greatest); err != nil {
		return err
	}
	if err := m.fitVariation(ctx, least, loads[1:]); err != nil {
		return err
	}
	if err := m.fitLateness(ctx, greatest); err != nil { // the waits for web have changed
		return err
	}
	return m.fitDelays(ctx, least)
}

// fitVariation chooses the shape and the chores of web that predict the other loads best.
func (m *Model) fitVariation(ctx context.Context, least load, others []load) error {
	var all []*Model
	for _, varied := range variations(m.Stations[0]) {
		fitted := *m
		fitted.Stations = slices.Clone(m.Stations)
		fitted.Stations[0].Shape, fitted.Stations[0].Chores = varied.shape, varied.chores
		all = append(all, &fitted)
	}
	misses, err := missesOf(ctx, all, least, others)
	if err != nil {
		return err
	}
	m.Stations = all[slices.Index(misses, slices.Min(misses))].Stations
	return nil
}

// missesOf returns how far the waits that each model predicts of other loads are from those measured, once its delays are
// fitted to the least. The models stay as they are.
func missesOf(ctx context.Context, models []*Model, least load, others []load) ([]float64, error) {
	misses := make([]float64, len(models))
	err := onAllCPUs(len(models), func(i int) error {
		fitted := *models[i]
		if err := fitted.fitDelays(ctx, least); err != nil {
			return err
		}
		for _, other := range others {
			simulated, err := fitted.simulate(ctx, other)
			if err != nil {
				return err
			}
			misses[i] += errorOfWaits(simulated, other.reports)
		}
		return nil
	})
	return misses, err
}

// onAllCPUs calls do for 0…count−1, with one call at a time for each processor.
func onAllCPUs(count int, do func(int) error) error {
	var group sync.WaitGroup
	errs, places := make([]error, count), make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range count {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			errs[i] = do(i)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// variation is what makes requests wait for each other besides the load: service times that vary, and chores in
// large pieces.
type variation struct {
	shape  workload.Distribution
	chores scenarios.Chores
}

// variations returns the candidates for web: what it has now, then lognormal times from little to much variation,
// without chores and with several. All have the same mean work.
func variations(web FittedStation) []variation {
	all := []variation{{web.Shape, web.Chores}}
	chores := []scenarios.Chores{{}}
	for _, share := range []scenarios.Share{0.1, 0.2, 0.3} {
		for _, time := range []time.Duration{15 * time.Millisecond, 30 * time.Millisecond, 60 * time.Millisecond} {
			chores = append(chores, scenarios.Chores{Share: share, Time: time})
		}
	}
	for _, c := range chores {
		for scv := 1.; scv <= 32; scv *= 2 {
			if shape, err := withMean(web.PerRequest.Seconds*(1-float64(c.Share)), scv, false); err == nil {
				all = append(all, variation{shape, c})
			}
		}
	}
	return all
}

// errorOfWaits returns how far the predicted response times of request steps are from the measured ones: the sum of
// the squared logarithms of their ratios, each in units of the tolerance for such a prediction.
func errorOfWaits(simulated report.Report, measured []report.Report) (sum float64) {
	for i, row := range simulated.Steps {
		if row.ResponseTimePassedS == nil || simulated.Awaits(row.Step) {
			continue
		}
		for _, of := range waitsJudged {
			predicted := of.quantile(*row.ResponseTimePassedS)
			if seen := predicted + excess(measured, i, row, of.quantile); seen > 0 && predicted > 0 {
				sum += math.Pow(math.Log(predicted/seen)/math.Log1p(of.near), 2)
			}
		}
	}
	return sum
}

var waitsJudged = []struct {
	quantile func(report.Quantiles) float64
	near     float64
}{
	{func(q report.Quantiles) float64 { return q.P50 }, nearMedian},
	{func(q report.Quantiles) float64 { return q.P95 }, nearTail},
	{func(q report.Quantiles) float64 { return q.P99 }, nearTail},
}

// fitLateness finds how much longer than its configured age a batch waits for more rows, because timers are late. It
// needs a store that counts its batches. If somebody is always waiting, one batch begins in each age plus the time of
// a commit.
func (m *Model) fitLateness(ctx context.Context, greatest load) error {
	at := slices.IndexFunc(m.Stations, func(s FittedStation) bool { return s.PerBatch != nil && s.Name == "store" })
	counted := 0.0
	for _, r := range greatest.reports {
		if row, is := rowOf(r, "store"); is && row.Batches != nil {
			counted += *row.Batches / float64(len(greatest.reports))
		}
	}
	if at < 0 || counted == 0 {
		return nil
	}
	age := setup.BatchAge(greatest.scenario).Seconds()
	const rounds = 3
	for range rounds {
		simulated, err := m.simulate(ctx, greatest)
		if err != nil {
			return err
		}
		row, _ := rowOf(simulated, "store")
		if row.Batches == nil || *row.Batches == 0 {
			return nil
		}
		cycle := age + m.Stations[at].Late + row.BusyS / *row.Batches
		m.Stations[at].Late = max(0, m.Stations[at].Late+cycle*(*row.Batches/counted-1))
	}
	return nil
}
