package drill

import (
	"cmp"
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
	"github.com/ombak-sim/ombak/workload"
)

// load is one of the loads that a model is fitted to: the runs of it, and how to simulate it.
type load struct {
	scenario *scenarios.Scenario
	reports  []report.Report
	options  Options
}

// loadsOf returns the loads, the least first. Rate, or share of the people, of the others are those of the
// least in proportion to how many came.
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
		loads = append(loads, load{how.Scenario, runs[people], options})
	}
	return loads
}

// simulate plays a load with the stations and delays of the model.
func (m *Model) simulate(ctx context.Context, l load) (report.Report, error) {
	scenario := l.scenario
	if len(m.Stations) > 0 {
		var err error
		if scenario, err = scenario.WithValues(m.setIn); err != nil {
			return report.Report{}, err
		}
	}
	return simulateMeasured(ctx, scenario, l.reports, l.options, Simulating{}) // the same people came
}

// visitsPerRequest is how often a request comes to the station web: by the routes, and by looking again
// for what comes later.
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
		return 0, refuse("no step's route comes to a station web, which CPU is fitted to; give the scenario one")
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

// fitWaits finds what demands alone do not say. How late batches are follows from those counted at the
// greatest load. Requests wait for each other by how much their times vary, for the processes of the
// machine, which take turns, and for what these do from time to time in one piece: the variation and the
// chores of web are those with which the waits at all loads but the least are nearest to those measured.
// What is then missing at the least load becomes a delay of each step.
func (m *Model) fitWaits(ctx context.Context, reports []report.Report, how Calibrating) error {
	loads := loadsOf(reports, how)
	least, greatest := loads[0], loads[len(loads)-1]
	if _, err := m.simulate(ctx, greatest); errors.Is(err, ErrRefused) {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the greatest load cannot be simulated, so that waits are fitted to the least alone: %v", err))
		return m.fitDelays(ctx, least)
	}
	if err := m.fitLateness(ctx, greatest); err != nil {
		return err
	}
	if err := m.fitVariation(ctx, least, loads[1:]); err != nil {
		return err
	}
	if err := m.fitLateness(ctx, greatest); err != nil { // the waits for web are other ones now
		return err
	}
	return m.fitDelays(ctx, least)
}

// fitVariation chooses the shape of web's times and its chores, with which the other loads are predicted
// best.
func (m *Model) fitVariation(ctx context.Context, least load, others []load) error {
	all := variations(m.Stations[0])
	misses := make([]float64, len(all))
	err := onAllCPUs(len(all), func(i int) error {
		fitted := *m
		fitted.Stations = slices.Clone(m.Stations)
		fitted.Stations[0].Shape, fitted.Stations[0].Chores = all[i].shape, all[i].chores
		if err := fitted.fitDelays(ctx, least); err != nil {
			return err
		}
		for _, other := range others {
			simulated, err := fitted.simulate(ctx, other)
			if err != nil {
				return err
			}
			misses[i] += missOfWaits(simulated, other.reports)
		}
		return nil
	})
	if err != nil {
		return err
	}
	best := all[slices.Index(misses, slices.Min(misses))]
	m.Stations[0].Shape, m.Stations[0].Chores = best.shape, best.chores
	return nil
}

// onAllCPUs does a number of things, as many at a time as there are processors.
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

// variation is what lets requests wait for each other beside the load: how much their times vary, and what
// comes in between in large pieces.
type variation struct {
	shape  workload.Distribution
	chores scenarios.Chores
}

// variations are those that web may have: what it has now, then lognormal times from hardly any
// variation to much, with chores of the same work in all.
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

// missOfWaits says how far response times of steps of requests were predicted from those measured, on
// average over the runs: the sum of squares of the logarithms of their ratios, each in units of how near
// a prediction should come.
func missOfWaits(simulated report.Report, measured []report.Report) (sum float64) {
	for i, row := range simulated.Steps {
		if row.ResponseTimePassedS == nil || awaits(row.Step) {
			continue
		}
		for _, of := range waitsJudged {
			predicted := of.quantile(*row.ResponseTimePassedS)
			if seen := predicted + behind(measured, i, row, of.quantile); seen > 0 && predicted > 0 {
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

// fitLateness finds by how much a batch waits longer for company than it is set to, where the store
// counts its batches: timers are late. With somebody always waiting, a batch comes once in its age and
// the time of a commit.
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
	age := cmp.Or(greatest.scenario.Backend.BatchAge, defaultBatchAge).Seconds()
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
