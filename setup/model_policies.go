package setup

import (
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// simPolicies adds the policies in front of the service and its stations to the config, and
// returns those that protect each dependency's calls.
func (p *Planned) simPolicies(config *sim.Config, stations map[string]int) map[string][]resilience.Policy {
	_, policies := p.Scenario.Effective(p.Scenario.Plan())
	calls := map[string][]resilience.Policy{}
	for _, standing := range policies {
		policy := p.scaledPolicy(standing)
		switch site, name := standing.Place(); site {
		case resilience.AtCall:
			calls[name] = append(calls[name], policy)
		case resilience.AtStation:
			described, _ := policy.Config() // a fault is found by config.Validate
			if hits, is := described.(resilience.HitConfig); is {
				config.Caches = append(config.Caches, sim.StationCache{Station: stations[name], HitConfig: hits})
				continue
			}
			config.Scalers = append(config.Scalers, sim.Scaler{Station: stations[name], Policy: policy})
		default:
			p.simDoor(config, standing.At, policy)
		}
	}
	return calls
}

// simDoor adds a policy in front of the service. If birth months take turns at the entry, people know of it and
// arrive at their turn: that changes the arrivals and adds no door.
func (p *Planned) simDoor(config *sim.Config, at string, policy resilience.Policy) {
	step := p.stepAt(at)
	described, _ := policy.Config() // a fault is found by config.Validate
	if stagger, turns := described.(resilience.StaggerConfig); turns && step < 0 {
		config.Stagger = &stagger
		return
	}
	config.Doors = append(config.Doors, sim.Door{Step: step, Policy: policy})
}

// scaledPolicy returns a plan's policy under --scale-system.
func (p *Planned) scaledPolicy(policy scenarios.Policy) resilience.Policy {
	return policy.Named().Scaled(p.Options.ScaleSystem)
}

// stepAt returns the index of the step at which a policy is, or -1 for the entry.
func (p *Planned) stepAt(at string) int {
	name, isStep := strings.CutPrefix(at, "step:")
	if !isStep {
		return -1
	}
	return slices.IndexFunc(p.Scenario.Journey, func(step scenarios.Step) bool { return step.Name == name })
}
