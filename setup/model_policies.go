package setup

import (
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// simPolicies adds the policies that stand in front of the service and its stations to the config, and
// returns those that protect each dependency's calls.
func (p *Planned) simPolicies(config *sim.Config, stations map[string]int) map[string]sim.Outlet {
	_, policies := p.Scenario.Effective(p.Scenario.Plan())
	outlets := map[string]sim.Outlet{}
	for _, policy := range policies {
		policy = policy.Scaled(p.Options.ScaleSystem)
		place, name := policy.Place()
		switch {
		case place == "call":
			outlet := outlets[name]
			protect(&outlet, policy)
			outlets[name] = outlet
		case policy.Policy == "autoscale":
			config.Scalers = append(config.Scalers, sim.Scaler{Station: stations[name], ScaleConfig: policy.Scale()})
		case policy.Policy == "stagger-by-birth-month" && place == "entry":
			config.Stagger = new(policy.Stagger())
		default:
			config.Doors = append(config.Doors, p.door(policy))
		}
	}
	return outlets
}

// protect puts a policy in front of a dependency's calls.
func protect(outlet *sim.Outlet, policy scenarios.Policy) {
	if gate, isGate := policy.Gate(); isGate {
		outlet.Gate = &gate
		return
	}
	switch policy.Policy {
	case "circuit-breaker":
		outlet.Breaker = new(policy.Breaker())
	case "retry-budget":
		outlet.Retry = &sim.RetryConfig{BudgetConfig: policy.Budget(), Calls: policy.Attempts, Pause: policy.Deferred()}
	case "registry-cache":
		outlet.Cache = new(policy.Cache())
	case "async-verify":
		outlet.Defer = new(policy.Deferred())
	}
}

// door maps a policy in front of the service.
func (p *Planned) door(policy scenarios.Policy) sim.Door {
	door := sim.Door{Step: p.stepAt(policy.At)}
	if gate, isGate := policy.Gate(); isGate {
		door.Gate = &gate
		return door
	}
	switch policy.Policy {
	case "token-bucket":
		door.Buckets = new(policy.Buckets())
	case "waiting-room":
		door.Room = new(policy.Room())
	case "stagger-by-birth-month":
		door.Stagger = new(policy.Stagger())
	case "retry-budget":
		door.Budget = new(policy.Budget())
	}
	return door
}

// stepAt returns the place of the step that a policy stands at, -1 for the entry.
func (p *Planned) stepAt(at string) int {
	name, isStep := strings.CutPrefix(at, "step:")
	if !isStep {
		return -1
	}
	return slices.IndexFunc(p.Scenario.Journey, func(step scenarios.Step) bool { return step.Name == name })
}
