package drill

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

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

// loadsOf returns the least and the greatest load. Rate, or share of the people, of the greatest are
// those of the least in proportion to how many came.
func loadsOf(reports []report.Report, how Calibrating) (least, greatest load) {
	least, greatest = load{how.Scenario, nil, how.Least}, load{how.Scenario, nil, how.Least}
	few, many := math.Inf(1), 0.0
	for _, r := range reports {
		few, many = min(few, r.Offered.Scheduled), max(many, r.Offered.Scheduled)
	}
	for _, r := range reports {
		switch r.Offered.Scheduled {
		case few:
			least.reports = append(least.reports, r)
		case many:
			greatest.reports = append(greatest.reports, r)
		}
	}
	greatest.options.Rate *= workload.Rate(many / few)
	greatest.options.Scale *= many / few
	return least, greatest
}

// simulate plays a load with the stations and delays of the model.
func (m *Model) simulate(ctx context.Context, l load) (report.Report, error) {
	scenario := l.scenario
	if len(m.Stations) > 0 {
		var text bytes.Buffer
		if err := WriteModel(&text, *m); err != nil {
			return report.Report{}, err
		}
		var err error
		if scenario, err = scenario.WithModel("the model", text.Bytes()); err != nil {
			return report.Report{}, err
		}
	}
	return simulateMeasured(ctx, scenario, l.reports, l.options, Simulating{}) // the same people came
}

// visitsPerRequest is how often a request comes to the station web: by the routes, and by looking again
// for what comes later.
func visitsPerRequest(ctx context.Context, reports []report.Report, how Calibrating) (float64, error) {
	least, _ := loadsOf(reports, how)
	if err := checkMeasured(how.Scenario, least.reports); err != nil {
		return 0, err
	}
	simulated, err := new(Model).simulate(ctx, least)
	if err != nil {
		return 0, err
	}
	web, _ := rowOf(simulated, "web")
	visits, requests := web.Completions-brought(how.Scenario, simulated), requestsOf(simulated)
	if visits <= 0 || requests == 0 {
		return 0, refuse("no step's route comes to a station web, which CPU is fitted to; give the scenario one")
	}
	return visits / requests, nil
}

// brought is how often batches came to the station web, where the scenario already says that they do.
func brought(scenario *scenarios.Scenario, simulated report.Report) (visits float64) {
	for name, station := range scenario.Stations {
		row, _ := rowOf(simulated, name)
		if station.Batch == nil || row.Batches == nil || station.Batch.Also.Station != "web" {
			continue
		}
		if station.Batch.Also.Time > 0 {
			visits += *row.Batches
		}
		if station.Batch.Also.Rows && station.Batch.PerRow > 0 {
			visits += *row.Batches
		}
	}
	return visits
}

// fitWaits finds what demands alone do not say. How late batches are follows from those counted at the
// greatest load. Requests wait for each other by how much their times vary, and for the processes of the
// machine, which take turns: the variation of web is that with which the waits at the greatest load are nearest to those measured.
// What is then missing at the least load becomes a delay of each step.
func (m *Model) fitWaits(ctx context.Context, reports []report.Report, how Calibrating) error {
	least, greatest := loadsOf(reports, how)
	if _, err := m.simulate(ctx, greatest); errors.Is(err, ErrRefused) {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the greatest load cannot be simulated, so that waits are fitted to the least alone: %v", err))
		return m.fitDelays(ctx, least)
	}
	const rounds = 2 // each of both is found with what is known of the other
	for range rounds {
		if err := m.fitLateness(ctx, greatest); err != nil {
			return err
		}
		if err := m.fitVariation(ctx, least, greatest); err != nil {
			return err
		}
	}
	return m.fitDelays(ctx, least)
}

// fitVariation chooses the shape of web's times with which the greatest load is predicted best.
func (m *Model) fitVariation(ctx context.Context, least, greatest load) error {
	nearest := math.Inf(1)
	best, fitted := m.Stations[0].Shape, *m
	for _, shape := range variations(m.Stations[0]) {
		fitted.Stations = slices.Clone(m.Stations)
		fitted.Stations[0].Shape = shape
		if err := fitted.fitDelays(ctx, least); err != nil {
			return err
		}
		simulated, err := fitted.simulate(ctx, greatest)
		if err != nil {
			return err
		}
		if miss := missOfWaits(simulated, greatest.reports); miss < nearest {
			best, nearest = shape, miss
		}
	}
	m.Stations[0].Shape = best
	return nil
}

// variations are the shapes that web may have, all of the same mean: that of the least load, and
// lognormal ones from hardly any variation to much.
func variations(web FittedStation) []workload.Distribution {
	shapes := []workload.Distribution{web.Shape}
	for scv := 0.25; scv <= 64; scv *= math.Sqrt2 {
		if shape, err := withMean(web.PerRequest.Seconds, scv, false); err == nil {
			shapes = append(shapes, shape)
		}
	}
	return shapes
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
