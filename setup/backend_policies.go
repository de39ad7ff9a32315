package setup

import (
	"slices"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/scenarios"
)

// protectBackend enters the plan's policies into the configuration of the reference backend, and
// refuses what does not run live.
func (p *Planned) protectBackend(config *backend.Config) error {
	plan, policies := p.Scenario.Effective(p.Scenario.Plan())
	if len(plan.Schedule) > 0 {
		return Refuse("plan %s changes things while it runs (schedule), which does not run live yet; simulate it", plan.Name)
	}
	for _, policy := range policies {
		if !policy.RunsLive() {
			return Refuse("plan %s puts %s at %s, which does not run live yet; choose another plan, or simulate it", plan.Name, policy.Policy, policy.At)
		}
		policy = policy.Scaled(p.Options.ScaleSystem)
		place, name := policy.Place()
		if place != "call" {
			door, err := p.liveDoor(plan.Name, policy)
			if err != nil {
				return err
			}
			config.Doors = append(config.Doors, door)
			continue
		}
		registry := registryOf(config, p.Scenario.Dependencies[name].Kind)
		if registry == nil {
			return Refuse("plan %s limits calls of %s, which has no gate; put the policy at dukcapil, dapodik or dtks", plan.Name, name)
		}
		if policy.Policy == "async-verify" {
			if err := p.askLater(config, plan.Name, policy); err != nil {
				return err
			}
		}
		protectRegistry(registry, policy)
	}
	return nil
}

// askLater makes the backend accept identities at once and ask the registry later. The journey must then
// poll for the outcome.
func (p *Planned) askLater(config *backend.Config, plan string, policy scenarios.Policy) error {
	if _, name := policy.Place(); p.Scenario.Dependencies[name].Kind != "dukcapil" {
		return Refuse("plan %s asks %s later, which runs live for identities only; put async-verify at dukcapil, or simulate it", plan, name)
	}
	for _, step := range p.Scenario.Journey {
		if step.Request != nil && step.Request.Path == identityPath && (step.Request.Look == nil || step.Request.Look.Path != identityPath) {
			return Refuse("plan %s takes identities and checks them later, but people do not look at the outcome: "+
				"set journey.%s to kind: poll, every, patience, expect.pending: [202] and request.look.path: %s, or simulate it", plan, step.Name, identityPath)
		}
	}
	config.QueuedIdentity, config.Questions = true, policy.Deferred()
	return nil
}

// protectRegistry puts a policy in front of the calls of a registry.
func protectRegistry(registry *backend.RegistryConfig, policy scenarios.Policy) {
	if gate, isGate := policy.Gate(); isGate {
		registry.Gate = gate
		return
	}
	switch policy.Policy {
	case "circuit-breaker":
		registry.Breaker = new(policy.Breaker())
	case "retry-budget":
		registry.Retry = &backend.RetryConfig{BudgetConfig: policy.Budget(), Calls: policy.Attempts, Pause: policy.Pause, Longest: policy.Longest}
	case "registry-cache":
		registry.Cache = new(policy.Cache())
	}
}

// identityPath is where people send their birth date.
const identityPath = "/v1/identity"

// liveDoor maps a policy in front of the service. Gates stand where they do when simulated; the others
// need to know who asks.
func (p *Planned) liveDoor(plan string, policy scenarios.Policy) (backend.DoorConfig, error) {
	door := backend.DoorConfig{Name: policy.At}
	steps := p.Scenario.Journey
	at := p.stepAt(policy.At)
	if at >= 0 {
		if steps[at].Request == nil {
			return door, Refuse("plan %s puts %s at step %s, which sends nothing; put it at another step", plan, policy.Policy, steps[at].Name)
		}
		door.Paths = []string{steps[at].Request.Path}
	}
	if gate, isGate := policy.Gate(); isGate {
		if gate.Priority && at >= 0 {
			return door, Refuse("plan %s puts priority-shed at step %s, where a live service cannot tell who has tried before; put it at entry, or simulate it", plan, steps[at].Name)
		}
		door.Gate, door.Fresh = &gate, p.freshPaths()
		return door, nil
	}
	session := at >= 0 && steps[at].Request.Headers["Authorization"] != ""
	switch policy.Policy {
	case "token-bucket", "waiting-room":
		if !session {
			return door, Refuse("plan %s puts %s at %s, where a live service cannot tell people apart; put it at a step with a session, or simulate it", plan, policy.Policy, policy.At)
		}
		buckets, room := policy.Buckets(), policy.Room()
		if policy.Policy == "token-bucket" {
			door.Buckets = &buckets
		} else {
			door.Room = &room
		}
	case "stagger-by-birth-month":
		if at < 0 || steps[at].Request.Path != identityPath {
			return door, Refuse("plan %s staggers at %s, where a live service does not know birth dates; put it at step:identity, or simulate it", plan, policy.At)
		}
		stagger := policy.Stagger()
		door.Stagger, door.Opens = &stagger, p.Scenario.Opens
	}
	return door, nil
}

// freshPaths are those of the steps up to the one that people are scheduled at.
func (p *Planned) freshPaths() []string {
	var paths []string
	for _, step := range p.Scenario.Journey {
		if step.Request != nil {
			paths = append(paths, step.Request.Path)
		}
		if step.Name == p.Scenario.Arrivals.Step {
			break
		}
	}
	return slices.Compact(paths)
}
