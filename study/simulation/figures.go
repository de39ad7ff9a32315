package simulation

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// Gate is a part that turned requests away, or at which some still waited at the end.
type Gate struct {
	Name    string
	Turned  float64 // requests
	Took    float64 // requests that it completed
	Waiting float64 // requests, or people in a waiting room, at the end
}

// figuresOf returns the figures of one replication, from its report.
func figuresOf(model *setup.Model, assembled report.Report, config sim.Config) Replication {
	replication := Replication{Cost: cost(model.Scenario.Prices(), assembled, config), Bottleneck: bottleneck(assembled, config)}
	scheduled := assembled.Offered.ByStep[model.Scenario.Arrivals.Step].Scheduled
	for i, row := range assembled.Funnel {
		step := assembled.Steps[i]
		replication.GaveUp += row.Abandoned + row.Rejected + row.Failed + row.TimedOut
		if row.Step == model.Scenario.Arrivals.Step {
			replication.SignUps, replication.Lost = row.Passed, max(0, scheduled-row.Passed)
			replication.P99S = p99Of(step)
		}
		if waitsForService(model, row.Step) {
			replication.WorstP99S = max(replication.WorstP99S, p99Of(step))
			if times := step.ResponseTimeS; times != nil {
				replication.WaitedMin += times.Mean * times.Count / 60
			}
		}
	}
	switch last := len(assembled.Funnel) - 1; {
	case len(assembled.Transitions) > 0:
		replication.Finished = finished(model.Scenario.Ways(), assembled.Transitions)
		replication.GoodputPerS = replication.Finished / max(1e-9, assembled.DurationS)
	case last >= 0:
		replication.Finished, replication.GoodputPerS = assembled.Funnel[last].Passed, assembled.Steps[last].GoodputPerS
	}
	replication.RecoveryS, replication.Recovered = report.Recovery(assembled.Series, func(step string) bool { return waitsForService(model, step) })
	return replication
}

// finished returns the number of people who ended their walk after the last step of a journey.
func finished(ways []scenarios.Way, transitions []report.Transition) (people float64) {
	for _, transition := range transitions {
		ends := slices.ContainsFunc(ways, func(way scenarios.Way) bool { return way.Steps[len(way.Steps)-1] == transition.From })
		if ends && transition.To == report.WalkEnd {
			people += transition.People
		}
	}
	return people
}

func p99Of(step report.StepRow) float64 {
	if step.ResponseTimePassedS == nil {
		return 0
	}
	return step.ResponseTimePassedS.P99
}

// waitsForService reports whether people wait at a step for an answer of the service, and not for mail or a
// result.
func waitsForService(model *setup.Model, name string) bool {
	for _, step := range model.Scenario.Journey {
		if step.Name == name {
			return step.Kind == funnel.Request
		}
	}
	return false
}

// cost adds up servers by the hour (scheduled changes included), calls, and fixed costs.
func cost(prices scenarios.Cost, assembled report.Report, config sim.Config) float64 {
	total := prices.Fixed
	for i, station := range config.Stations {
		price, own := prices.ServerHour[station.Name]
		if !own {
			price = prices.ReplicaHour
		}
		total += price * serverTime(config, sim.AtStation, i, config.Journey.Clock.Scenario) / 3600
	}
	for i, call := range config.Calls {
		total += prices.ServerHour[call.Name] * serverTime(config, sim.Call, i, config.Journey.Clock.Scenario) / 3600
	}
	for _, row := range assembled.Stations {
		total += prices.Call[row.Name] * row.Completions
	}
	return total
}

// serverTime integrates the number of servers at one place over a clock, in seconds. A duration would
// overflow for a thousand million servers.
func serverTime(config sim.Config, kind sim.HopKind, place int, clock func(time.Duration) time.Duration) float64 {
	var service workload.Service
	if kind == sim.AtStation {
		service = config.Stations[place].Service
	} else {
		service = config.Calls[place].Service
	}
	servers, since, total := service.ServerCount(), time.Duration(0), 0.0
	until := func(at time.Duration) {
		total += float64(servers) * (clock(at) - clock(since)).Seconds()
		since = at
	}
	for _, change := range config.Changes { // the changes are in order of time
		if change.Kind == kind && change.To == place && change.At < config.Until {
			until(change.At)
			servers = change.Servers
		}
	}
	until(config.Until)
	return total
}

// bottleneck returns the station or dependency of a replication with the highest utilization. The number of
// servers may change over time.
func bottleneck(assembled report.Report, config sim.Config) (most report.Bottleneck) {
	real := func(at time.Duration) time.Duration { return at }
	consider := func(name string, had float64) {
		for _, row := range assembled.Stations {
			if row.Name == name {
				most = most.Or(name, row.BusyS, had)
			}
		}
	}
	for i, station := range config.Stations {
		consider(station.Name, serverTime(config, sim.AtStation, i, real))
	}
	for i, call := range config.Calls {
		consider(call.Name, serverTime(config, sim.Call, i, real))
	}
	return most
}

// gatesOf lists the stations and gates that turned requests away, the most first, and then those where
// requests still waited.
func gatesOf(r report.Report) []Gate {
	var gates []Gate
	for _, station := range r.Series.Stations {
		last := len(station.Rejections) - 1
		if last < 0 || station.Rejections[last] == 0 && station.Queued[last] == 0 {
			continue
		}
		gates = append(gates, Gate{station.Name, float64(station.Rejections[last]), float64(station.Completions[last]), float64(station.Queued[last])})
	}
	slices.SortStableFunc(gates, func(a, b Gate) int {
		return cmp.Or(cmp.Compare(b.Turned, a.Turned), cmp.Compare(b.Waiting, a.Waiting), strings.Compare(a.Name, b.Name))
	})
	return gates
}
