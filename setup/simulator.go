package setup

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// maxReadings is the most readings of each station in a report.
const maxReadings = 1000

// simulator maps the scenario to the simulator's configuration.
func (p *Planned) simulator() (sim.Config, error) {
	s, people := p.Scenario, p.People
	config := sim.Config{
		Seed: people.Seed, Journey: people.Journey, Signups: people.Signups, Visitors: people.Visitors, People: people.Size,
		Opens: people.Opens, Shares: people.Shares, Locale: people.Locale, Traits: people.Traits, Feeders: feeders(s), Until: people.Until, Places: s.Backend.Quota, TestDelay: s.Backend.TestDelay,
		ReadEvery: max(time.Second, (people.Until / maxReadings).Round(time.Second)),
	}
	config.Stocks, config.Books = p.simBookings()
	if p.Options.Closed > 0 {
		config.Closed = p.closed()
	}
	p.warnDependenciesRounded(s)
	stations, calls := map[string]int{}, map[string]int{}
	for i, name := range slices.Sorted(maps.Keys(s.Stations)) {
		stations[name] = i
	}
	for _, name := range slices.Sorted(maps.Keys(s.Stations)) {
		p.warnRounded("station "+name, s.Stations[name].Service)
		station := p.simStation(name, s.Stations[name].Service, s.Stations[name].Modelled)
		station.Batch, station.Chores = p.simBatch(s.Stations[name].Batch, stations), simChores(s.Stations[name].Chores)
		if slice := s.Stations[name].Slice; slice > 0 {
			station.Sharing, station.Slice = false, slice
		}
		station.Together, station.Beside = simTogether(s.Stations[name].Together), s.Stations[name].Beside
		config.Stations = append(config.Stations, station)
	}
	policies := p.simPolicies(&config, stations)
	for i, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		calls[name] = i
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		call, err := p.simCall(name, policies[name], calls)
		if err != nil {
			return config, err
		}
		config.Calls = append(config.Calls, call)
	}
	for i, step := range s.Journey {
		if len(step.Route) == 0 && step.Kind != funnel.Await {
			return config, Refuse("step %s of scenario %s has no route, so it cannot be simulated; add one, or replay it", step.Name, s.Name)
		}
		config.Routes = append(config.Routes, p.simRoute(&s.Journey[i], stations, calls))
		config.Delays = append(config.Delays, step.Delay)
		config.Silent = append(config.Silent, step.Leave == "silent")
		config.Priorities = append(config.Priorities, step.Priority)
	}
	var err error
	if config.Changes, err = p.simChanges(stations, calls); err != nil {
		return config, err
	}
	if config.Stagger != nil && config.Closed.People > 0 {
		return config, Refuse("plan %s lets birth months take turns at the entry, but a fixed number of people go round, whoever they are; put stagger at a step", p.Scenario.Plan())
	}
	if err := config.Validate(); err != nil {
		return config, Refused(err)
	}
	return config, nil
}

// simStation maps what stations and dependencies share.
func (p *Planned) simStation(name string, service workload.Service, modelled scenarios.Modelled) sim.StationConfig {
	station := sim.StationConfig{
		Name: name, Service: p.scaled(service), Balking: modelled.Balk, SetUp: modelled.SetUp,
		Pauses: sim.Pauses{Rate: float64(modelled.Pauses.Rate), Length: modelled.Pauses.Time},
	}
	switch service.Discipline {
	case workload.Sharing:
		station.Sharing, station.Discipline = true, ""
	case workload.Preemptive:
		station.Preemptive, station.Discipline = true, workload.Priority
	}
	return station
}

// simChores converts the share of time spent on chores to the work between two of them.
func simChores(c scenarios.Chores) sim.Chores {
	if c.Share == 0 {
		return sim.Chores{}
	}
	return sim.Chores{Every: max(1, time.Duration(float64(c.Time)*(1/float64(c.Share)-1))), Length: c.Time}
}

// simBatch maps group commit. Settings that the station leaves out are those of the reference backend.
func (p *Planned) simBatch(batch *scenarios.Batch, stations map[string]int) sim.Batch {
	if batch == nil {
		return sim.Batch{}
	}
	return sim.Batch{
		Rows: cmp.Or(batch.Rows, p.Scenario.Backend.BatchRows, store.DefaultRows), PerRow: batch.PerRow,
		Age:  cmp.Or(batch.Age, BatchAge(p.Scenario)) + batch.Late,
		Also: batch.Also.Time, At: stations[batch.Also.Station], Elsewhere: batch.Also.Rows,
	}
}

// BatchAge returns how long the first row of a batch waits for others in the reference backend.
func BatchAge(s *scenarios.Scenario) time.Duration {
	return cmp.Or(s.Backend.BatchAge, backend.DefaultBatchAge)
}

// simChanges maps the numbers of servers that the plan's schedule sets; scheduledTerms returns the rest.
func (p *Planned) simChanges(stations, calls map[string]int) ([]sim.Change, error) {
	plan, _ := p.Scenario.Effective(p.Scenario.Plan())
	schedule := slices.Clone(plan.Schedule)
	slices.SortStableFunc(schedule, func(a, b scenarios.Change) int { return cmp.Compare(a.At, b.At) })
	before := p.Scenario
	var changes []sim.Change
	for _, change := range schedule {
		after, err := before.Changed(change)
		if err != nil {
			return nil, Refused(err)
		}
		if err := (&Planned{Scenario: after, Options: p.Options}).checkScale(); err != nil {
			return nil, err
		}
		at := p.People.Clock().Real(change.At)
		resize := func(what string, kind sim.HopKind, to int, was, is workload.Service) {
			if was.ServerCount() != is.ServerCount() {
				p.warnRounded(fmt.Sprintf("from %v on, %s", change.At, what), is)
				changes = append(changes, sim.Change{At: at, Kind: kind, To: to, Servers: p.scaled(is).ServerCount()})
			}
		}
		for _, name := range slices.Sorted(maps.Keys(stations)) {
			resize("station "+name, sim.AtStation, stations[name], before.Stations[name].Service, after.Stations[name].Service)
		}
		for _, name := range slices.Sorted(maps.Keys(calls)) {
			resize("dependency "+name, sim.Call, calls[name], before.Dependencies[name].Service, after.Dependencies[name].Service)
		}
		before = after
	}
	return changes, nil
}

// scheduledTerms returns the changes of the plan's schedule other than those of numbers of servers, as actions.
func (p *Planned) scheduledTerms() ([]funnel.Action, error) {
	plan, _ := p.Scenario.Effective(p.Scenario.Plan())
	all, err := plan.Scheduled()
	if err != nil {
		return nil, Refuse("plan %s has a schedule that is not simulated: %w; let it set terms of dependencies, and servers of stations", plan.Name, err)
	}
	var others []funnel.Action
	for _, action := range all {
		delete(action.With, "servers")
		if len(action.With) > 0 {
			others = append(others, action)
		}
	}
	return others, nil
}

func (p *Planned) simRoute(step *scenarios.Step, stations, calls map[string]int) sim.Route {
	var route sim.Route
	for i, hop := range step.Route {
		switch {
		case hop.Station != "":
			route = append(route, sim.Hop{Kind: sim.AtStation, To: stations[hop.Station], Work: hop.Work, Opening: p.simOpening(step, i)})
		case hop.Call != "":
			route = append(route, sim.Hop{Kind: sim.Call, To: calls[hop.Call], Stock: stockOf(p.Scenario.Dependencies[hop.Call], hop.Answer)})
		case !hop.Wait.IsZero():
			route = append(route, sim.Hop{Kind: sim.Wait, Work: hop.Wait})
		default:
			route = append(route, sim.Hop{Kind: sim.Async, To: calls[hop.Async], Stock: stockOf(p.Scenario.Dependencies[hop.Async], hop.Answer)})
		}
	}
	return route
}

// stockOf returns the number of the stock that a call takes from, counted from 1, or 0 if there is none. Stocks are in
// the order of the routes.
func stockOf(dependency scenarios.Dependency, answer string) (number int) {
	at, err := dependency.Answering(answer)
	if err != nil || at < 0 || dependency.Routes[at].Stock == nil {
		return 0 // a wrong answer has been reported as a mistake in the scenario
	}
	for _, other := range dependency.Routes[:at+1] {
		if other.Stock != nil {
			number++
		}
	}
	return number
}

// simStocks maps what the answers of a dependency use up.
func (p *Planned) simStocks(dependency scenarios.Dependency) (stocks []sim.Stock) {
	for _, answer := range dependency.Routes {
		if answer.Stock != nil {
			stocks = append(stocks, sim.Stock{Count: scaledCount(answer.Stock.Count, p.Options.ScaleSystem), Status: funnel.Reason(dependency.SoldOut(*answer.Stock))})
		}
	}
	return stocks
}

// simBookings maps what steps book of the service. Both are nil if no step books.
func (p *Planned) simBookings() (stocks, books []int) {
	names := p.Scenario.BookedStocks()
	if len(names) == 0 {
		return nil, nil
	}
	for _, name := range names {
		stocks = append(stocks, scaledCount(p.Scenario.Backend.Stocks[name], p.Options.ScaleSystem))
	}
	for _, step := range p.Scenario.Journey {
		books = append(books, 1+slices.Index(names, step.Book)) // 0 if the step books nothing
	}
	return stocks, books
}

func (p *Planned) simCall(name string, policies []resilience.Policy, calls map[string]int) (sim.Dependency, error) {
	described := p.Scenario.Dependencies[name]
	call := sim.Dependency{
		StationConfig: p.simStation(name, described.Service, described.Modelled),
		Role:          sim.Role(described.Kind), Delivery: described.Delivery, Loss: float64(described.Loss), Connections: described.Connections, Policies: policies,
		Stocks: p.simStocks(described),
	}
	if call.Role != sim.Mail && call.Role != sim.SMS {
		call.Timeout = cmp.Or(p.Scenario.Backend.CallTimeouts[name], registry.DefaultTimeout)
	}
	for _, onward := range described.Calls {
		call.Calls = append(call.Calls, sim.Onward{To: calls[onward.Call], Stock: stockOf(p.Scenario.Dependencies[onward.Call], onward.Answer), Timeout: onward.Patience()})
	}
	var err error
	if call.Faults, err = p.faults(name); err != nil {
		return call, err
	}
	p.warnUnsimulated(name, call)
	call.Faults = call.Faults.WarmingUp(warmUp(described))
	return call, nil
}
