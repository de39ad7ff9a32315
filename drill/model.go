package drill

import (
	"time"

	"github.com/ombak-sim/ombak/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
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
		Opens: people.Opens, Shares: people.Shares, Traits: people.Traits, Until: people.Until, Places: s.Backend.Quota,
		ReadEvery: max(time.Second, (people.Until / mostReadings).Round(time.Second)),
	}
	stations, calls := map[string]int{}, map[string]int{}
	for _, name := range sortedNames(s.Stations) {
		stations[name] = len(config.Stations)
		config.Stations = append(config.Stations, sim.StationConfig{Name: name, Service: r.scaled(s.Stations[name].Service)})
	}
	gates, err := r.simGates()
	if err != nil {
		return config, err
	}
	for _, name := range sortedNames(s.Dependencies) {
		calls[name] = len(config.Calls)
		call, err := r.simCall(name, gates[name])
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
	}
	if err := config.Validate(); err != nil {
		return config, refusal{err}
	}
	return config, nil
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

func (r *Run) simCall(name string, gate *resilience.FIFOConfig) (sim.Dependency, error) {
	described := r.Scenario.Dependencies[name]
	call := sim.Dependency{
		StationConfig: sim.StationConfig{Name: name, Service: r.scaled(described.Service)},
		Role:          sim.Role(described.Kind), Delivery: described.Delivery, Gate: gate,
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
	if described.Degrades.Factor > 1 || described.Connections > 0 {
		return call, refuse("dependency %s has connections or degrades, which is not simulated; leave them out with a plan's set, or replay the scenario", name)
	}
	return call, nil
}

// simGates returns what the plan protects each dependency's calls with, and refuses what is not
// simulated.
func (r *Run) simGates() (map[string]*resilience.FIFOConfig, error) {
	plan, policies := r.Scenario.Effective(r.Scenario.Plan())
	if len(plan.Schedule) > 0 {
		return nil, refuse("plan %s changes things while it runs (schedule), which is not simulated yet; choose another plan", plan.Name)
	}
	gates := map[string]*resilience.FIFOConfig{}
	for _, policy := range policies {
		dependency, isCall := callOf(policy.At)
		if !isCall || policy.Policy != "bounded-fifo" && policy.Policy != "static-limit" {
			return nil, refuse("plan %s puts %s at %s, which is not simulated yet; choose another plan", plan.Name, policy.Policy, policy.At)
		}
		factor := orOne(r.Options.ScaleSystem)
		gate := &resilience.FIFOConfig{Concurrency: scaledCount(policy.Limit, factor), Deadline: policy.Deadline}
		if policy.Policy == "bounded-fifo" && policy.Queue > 0 {
			gate.Queue = scaledCount(policy.Queue, factor)
		}
		gates[dependency] = gate
	}
	return gates, nil
}
