package drill

import (
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// simPolicies enters what the plan puts in front of the service and its stations, and returns what
// protects each dependency's calls.
func (r *Run) simPolicies(config *sim.Config, stations map[string]int) map[string][]resilience.Policy {
	_, policies := r.Scenario.Effective(r.Scenario.Plan())
	calls := map[string][]resilience.Policy{}
	for _, standing := range policies {
		policy := r.scaledPolicy(standing)
		switch site, name := standing.Place(); site {
		case resilience.AtCall:
			calls[name] = append(calls[name], policy)
		case resilience.AtStation:
			config.Scalers = append(config.Scalers, sim.Scaler{Station: stations[name], Policy: policy})
		default:
			r.simDoor(config, standing.At, policy)
		}
	}
	return calls
}

// simDoor enters a policy in front of the service. Birth months that take turns at the entry know of it and come
// then; it is no door.
func (r *Run) simDoor(config *sim.Config, at string, policy resilience.Policy) {
	step := r.stepAt(at)
	described, _ := policy.Config() // a fault is found by config.Validate
	if stagger, turns := described.(resilience.StaggerConfig); turns && step < 0 {
		config.Stagger = &stagger
		return
	}
	config.Doors = append(config.Doors, sim.Door{Step: step, Policy: policy})
}

// scaledPolicy is what a plan's policy is under --scale-system.
func (r *Run) scaledPolicy(policy scenarios.Policy) resilience.Policy {
	return policy.Named().Scaled(orOne(r.Options.ScaleSystem))
}

// stepAt returns the place of the step that a policy stands at, -1 for the entry.
func (r *Run) stepAt(at string) int {
	name, isStep := strings.CutPrefix(at, "step:")
	if !isStep {
		return -1
	}
	return slices.IndexFunc(r.Scenario.Journey, func(step scenarios.Step) bool { return step.Name == name })
}
