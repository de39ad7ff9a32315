package drill

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// mostReadings bounds the readings of each station in a report.
const mostReadings = 1000

// callTimeout is what the reference backend gives a registry where the scenario says nothing.
const callTimeout = 10 * time.Second

// simConfig maps the scenario to the simulator's configuration.
func (r *Run) simConfig() (sim.Config, error) {
	s, people := r.Scenario, r.Generator
	config := sim.Config{
		Seed: people.Seed, Journey: people.Journey, Signups: people.Signups, Visitors: people.Visitors, People: people.People,
		Opens: people.Opens, Shares: people.Shares, Traits: people.Traits, Until: people.Until, Places: s.Backend.Quota, TestDelay: s.Backend.TestDelay,
		ReadEvery: max(time.Second, (people.Until / mostReadings).Round(time.Second)),
	}
	r.warnDependenciesRounded(s)
	stations, calls := map[string]int{}, map[string]int{}
	for i, name := range sortedNames(s.Stations) {
		stations[name] = i
	}
	for _, name := range sortedNames(s.Stations) {
		r.warnRounded("station "+name, s.Stations[name].Service)
		config.Stations = append(config.Stations, sim.StationConfig{Name: name, Service: r.scaled(s.Stations[name].Service), Batch: r.simBatch(s.Stations[name].Batch, stations), Chores: simChores(s.Stations[name].Chores)})
	}
	policies := r.simPolicies(&config, stations)
	for _, name := range sortedNames(s.Dependencies) {
		calls[name] = len(config.Calls)
		call, err := r.simCall(name, policies[name])
		if err != nil {
			return config, err
		}
		config.Calls = append(config.Calls, call)
	}
	for _, step := range s.Journey {
		if len(step.Route) == 0 && step.Kind != funnel.Await {
			return config, refuse("step %s of scenario %s has no route, so it cannot be simulated; add one, or replay it", step.Name, s.Name)
		}
		config.Routes = append(config.Routes, simRoute(step.Route, stations, calls))
		config.Delays = append(config.Delays, step.Delay)
	}
	var err error
	if config.Changes, err = r.simChanges(stations, calls); err != nil {
		return config, err
	}
	if err := config.Validate(); err != nil {
		return config, refusal{err}
	}
	return config, nil
}

// simChores maps a share of the work to the work between two chores.
func simChores(c scenarios.Chores) sim.Chores {
	if c.Share == 0 {
		return sim.Chores{}
	}
	return sim.Chores{Every: max(1, time.Duration(float64(c.Time)*(1/float64(c.Share)-1))), Length: c.Time}
}

// simBatch maps group commit; what the station leaves open is as the backend has it.
func (r *Run) simBatch(batch *scenarios.Batch, stations map[string]int) sim.Batch {
	if batch == nil {
		return sim.Batch{}
	}
	return sim.Batch{
		Rows: cmp.Or(batch.Rows, r.Scenario.Backend.BatchRows, defaultBatchRows), PerRow: batch.PerRow,
		Age:  cmp.Or(batch.Age, r.Scenario.Backend.BatchAge, defaultBatchAge) + batch.Late,
		Also: batch.Also.Time, At: stations[batch.Also.Station], Elsewhere: batch.Also.Rows,
	}
}

// What the reference backend does where the scenario says nothing.
const (
	defaultBatchRows = 512
	defaultBatchAge  = 2 * time.Millisecond
)

// simChanges maps the schedule of the plan, of which numbers of servers are simulated.
func (r *Run) simChanges(stations, calls map[string]int) ([]sim.Change, error) {
	plan, _ := r.Scenario.Effective(r.Scenario.Plan())
	schedule := slices.Clone(plan.Schedule)
	slices.SortStableFunc(schedule, func(a, b scenarios.Change) int { return cmp.Compare(a.At, b.At) })
	before := r.Scenario
	var changes []sim.Change
	for _, change := range schedule {
		after, err := before.Changed(change)
		if err != nil {
			return nil, refusal{err}
		}
		if err := (&Run{Scenario: after, Options: r.Options}).checkScale(); err != nil {
			return nil, err
		}
		at := r.Generator.Journey.Clock.Real(change.At)
		resize := func(what string, kind sim.HopKind, to int, was, is workload.Service) {
			if was.ServerCount() != is.ServerCount() {
				r.warnRounded(fmt.Sprintf("from %v on, %s", change.At, what), is)
				changes = append(changes, sim.Change{At: at, Kind: kind, To: to, Servers: r.scaled(is).ServerCount()})
			}
		}
		for _, name := range sortedNames(stations) {
			resize("station "+name, sim.AtStation, stations[name], before.Stations[name].Service, after.Stations[name].Service)
		}
		for _, name := range sortedNames(calls) {
			resize("dependency "+name, sim.Call, calls[name], before.Dependencies[name].Service, after.Dependencies[name].Service)
		}
		if !onlyServers(before, after, change.Set) {
			return nil, refuse("plan %s changes more than numbers of servers at %v, which is not simulated yet; let its schedule set servers only", plan.Name, change.At)
		}
		before = after
	}
	return changes, nil
}

// onlyServers says whether nothing but numbers of servers differs.
func onlyServers(before, after *scenarios.Scenario, set scenarios.Patch) bool {
	for name, station := range after.Stations {
		station.Servers = before.Stations[name].Servers
		if !reflect.DeepEqual(station, before.Stations[name]) {
			return false
		}
	}
	for name, dependency := range after.Dependencies {
		dependency.Servers = before.Dependencies[name].Servers
		if !reflect.DeepEqual(dependency, before.Dependencies[name]) {
			return false
		}
	}
	return len(set.Journey) == 0 && set.Population == nil && set.Backend == nil
}

func simRoute(hops []scenarios.Hop, stations, calls map[string]int) sim.Route {
	var route sim.Route
	for _, hop := range hops {
		switch {
		case hop.Station != "":
			route = append(route, sim.Hop{Kind: sim.AtStation, To: stations[hop.Station], Work: hop.Work})
		case hop.Call != "":
			route = append(route, sim.Hop{Kind: sim.Call, To: calls[hop.Call]})
		default:
			route = append(route, sim.Hop{Kind: sim.Async, To: calls[hop.Async]})
		}
	}
	return route
}

func (r *Run) simCall(name string, policies []resilience.Policy) (sim.Dependency, error) {
	described := r.Scenario.Dependencies[name]
	call := sim.Dependency{
		StationConfig: sim.StationConfig{Name: name, Service: r.scaled(described.Service)},
		Role:          sim.Role(described.Kind), Delivery: described.Delivery, Loss: float64(described.Loss), Connections: described.Connections, Policies: policies,
	}
	if call.Role != sim.Mail && call.Role != sim.SMS {
		call.Timeout = callTimeout
		if timeout := r.Scenario.Backend.CallTimeouts[name]; timeout > 0 {
			call.Timeout = timeout
		}
	}
	var err error
	if call.Faults, err = r.faults(name); err != nil {
		return call, err
	}
	r.warnUnsimulated(name, call)
	call.Faults = call.Faults.WarmingUp(warmUp(described))
	return call, nil
}
