package setup

import (
	"fmt"
	"slices"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// Standing returns the policy at the place and with the name that an action gives, after the action.
func Standing(after *scenarios.Scenario, action funnel.Action) (scenarios.Policy, error) {
	_, policies := after.Effective(after.Plan())
	for _, policy := range policies {
		names := []string{policy.Policy, policy.Descriptor().Formerly}
		if policy.At == action.On && slices.Contains(names, action.With[funnel.PolicySetting]) {
			return policy, nil
		}
	}
	return scenarios.Policy{}, fmt.Errorf("no %s stands at %s", action.With[funnel.PolicySetting], action.On)
}

// CannotChange returns why a policy cannot change while a run plays, live or simulated, or "".
func CannotChange(policy scenarios.Policy, live bool) string {
	descriptor := policy.Descriptor()
	site, _ := policy.Place()
	stagger := site == resilience.AtEntry && descriptor.Asks.Has(resilience.AsksBirthMonth)
	switch {
	case len(descriptor.Changes.Keys) == 0:
		return descriptor.Changes.WhyNot
	case stagger:
		return "at the entry people know their turns and come then, so it has set when everybody comes"
	case live && !policy.RunsLive():
		return "it does not run live there"
	case live && descriptor.Changes.Stays != "":
		return descriptor.Changes.Stays
	}
	return ""
}

// setPolicy maps new settings of a policy.
func (a *Acting) setPolicy(action funnel.Action) ([]sim.PolicySetting, error) {
	after, err := a.scenario.Adjusted(action.On, action.With)
	if err != nil {
		return nil, err
	}
	policy, err := Standing(after, action)
	if err != nil {
		return nil, err
	}
	if why := CannotChange(policy, false); why != "" {
		return nil, fmt.Errorf("%s cannot change while a run plays: %s", policy.Name(), why)
	}
	setting := sim.PolicySetting{Policy: a.model.scaledPolicy(policy), Off: policy.Off()}
	config := a.model.Config
	switch site, name := policy.Place(); site {
	case resilience.AtCall:
		setting.Place, setting.To = sim.BeforeCall, a.calls[name]
	case resilience.AtStation:
		station := a.stations[name]
		setting.Place = sim.OnScaler
		setting.To = slices.IndexFunc(config.Scalers, func(s sim.Scaler) bool { return s.Station == station })
		if described, _ := setting.Policy.Config(); isHit(described) {
			setting.Place = sim.InCache
			setting.To = slices.IndexFunc(config.Caches, func(c sim.StationCache) bool { return c.Station == station })
		}
	default:
		step := a.model.stepAt(policy.At)
		setting.To = slices.IndexFunc(config.Doors, func(door sim.Door) bool { return door.Step == step && door.Policy.Name == policy.Policy })
	}
	a.scenario = after
	return []sim.PolicySetting{setting}, nil
}

func isHit(config resilience.Config) bool {
	_, hits := config.(resilience.HitConfig)
	return hits
}

// Policy returns what the backend, or the gate in front of the service, is told to change a policy. Later settings add to it.
func (a *LiveActing) Policy(action funnel.Action) (change backend.PolicyChange, err error) {
	after, err := a.scenario.Adjusted(action.On, action.With)
	if err != nil {
		return change, err
	}
	policy, err := Standing(after, action)
	if err != nil {
		return change, err
	}
	if why := a.live.CannotChange(policy); why != "" {
		return change, fmt.Errorf("%s cannot change in a live run: %s", policy.Name(), why)
	}
	change = backend.PolicyChange{Door: policy.At, Policy: a.live.scaledPolicy(policy), Off: policy.Off()}
	if site, name := policy.Place(); site == resilience.AtCall {
		kind := a.scenario.Dependencies[name].Kind
		if !slices.Contains(registry.Names(), kind) {
			return change, fmt.Errorf("%s has no gate in the reference backend", policy.Name())
		}
		change.Door, change.Registry = "", kind
	}
	a.scenario = after
	return change, nil
}
