package drill

import (
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// simPolicies enters what the plan puts in front of the service and its stations, and returns what
// protects each dependency's calls. What is not simulated is refused.
func (r *Run) simPolicies(config *sim.Config, stations map[string]int) (map[string]sim.Outlet, error) {
	plan, policies := r.Scenario.Effective(r.Scenario.Plan())
	outlets := map[string]sim.Outlet{}
	for _, policy := range policies {
		if !policy.Kind().Simulated {
			return nil, refuse("plan %s puts %s at %s, which is not simulated yet; choose another plan", plan.Name, policy.Policy, policy.At)
		}
		policy = policy.Scaled(orOne(r.Options.ScaleSystem))
		place, name := policy.Place()
		switch {
		case place == "call":
			outlet := outlets[name]
			protect(&outlet, policy)
			outlets[name] = outlet
		case policy.Policy == "autoscale":
			config.Scalers = append(config.Scalers, sim.Scaler{Station: stations[name], ScaleConfig: policy.Scale()})
		case policy.Policy == "stagger-by-birth-month" && place == "entry":
			stagger := policy.Stagger()
			config.Stagger = &stagger
		default:
			config.Doors = append(config.Doors, r.door(policy))
		}
	}
	return outlets, nil
}

// protect puts a policy in front of a dependency's calls.
func protect(outlet *sim.Outlet, policy scenarios.Policy) {
	if gate, isGate := policy.Gate(); isGate {
		outlet.Gate = &gate
		return
	}
	switch policy.Policy {
	case "circuit-breaker":
		breaker := policy.Breaker()
		outlet.Breaker = &breaker
	case "retry-budget":
		outlet.Retry = &sim.RetryConfig{BudgetConfig: policy.Budget(), Calls: policy.Attempts, Pause: policy.Deferred()}
	case "registry-cache":
		cache := policy.Cache()
		outlet.Cache = &cache
	case "async-verify":
		deferred := policy.Deferred()
		outlet.Defer = &deferred
	}
}

// door maps a policy in front of the service.
func (r *Run) door(policy scenarios.Policy) sim.Door {
	door := sim.Door{Step: r.stepAt(policy.At)}
	if gate, isGate := policy.Gate(); isGate {
		door.Gate = &gate
		return door
	}
	switch policy.Policy {
	case "token-bucket":
		buckets := policy.Buckets()
		door.Buckets = &buckets
	case "waiting-room":
		room := policy.Room()
		door.Room = &room
	case "stagger-by-birth-month":
		stagger := policy.Stagger()
		door.Stagger = &stagger
	case "retry-budget":
		budget := policy.Budget()
		door.Budget = &budget
	}
	return door
}

// stepAt returns the place of the step that a policy stands at, -1 for the entry.
func (r *Run) stepAt(at string) int {
	name, isStep := strings.CutPrefix(at, "step:")
	if !isStep {
		return -1
	}
	return slices.IndexFunc(r.Scenario.Journey, func(step scenarios.Step) bool { return step.Name == name })
}
