package drill

import (
	"slices"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/scenarios"
)

// protectBackend enters the plan's policies into the configuration of the reference backend, and
// refuses what does not run live.
func (r *Run) protectBackend(config *backend.Config) error {
	plan, policies := r.Scenario.Effective(r.Scenario.Plan())
	if len(plan.Schedule) > 0 {
		return refuse("plan %s changes things while it runs (schedule), which does not run live yet; simulate it", plan.Name)
	}
	for _, policy := range policies {
		if !policy.RunsLive() {
			return refuse("plan %s puts %s at %s, which does not run live yet; choose another plan, or simulate it", plan.Name, policy.Policy, policy.At)
		}
		policy = policy.Scaled(orOne(r.Options.ScaleSystem))
		place, name := policy.Place()
		if place != "call" {
			door, err := r.liveDoor(plan.Name, policy)
			if err != nil {
				return err
			}
			config.Doors = append(config.Doors, door)
			continue
		}
		registry := registryOf(config, r.Scenario.Dependencies[name].Kind)
		if registry == nil {
			return refuse("plan %s limits calls of %s, which has no gate; put the policy at dukcapil, dapodik or dtks", plan.Name, name)
		}
		if policy.Policy == "async-verify" {
			if err := r.askLater(config, plan.Name, policy); err != nil {
				return err
			}
		}
		protectRegistry(registry, policy)
	}
	return nil
}

// askLater lets the backend take identities at once and ask the registry later. People must then look what
// has become of theirs.
func (r *Run) askLater(config *backend.Config, plan string, policy scenarios.Policy) error {
	if _, name := policy.Place(); r.Scenario.Dependencies[name].Kind != "dukcapil" {
		return refuse("plan %s asks %s later, which runs live for identities only; put async-verify at dukcapil, or simulate it", plan, name)
	}
	for _, step := range r.Scenario.Journey {
		if step.Request != nil && step.Request.Path == identityPath && (step.Request.Look == nil || step.Request.Look.Path != identityPath) {
			return refuse("plan %s takes identities and checks them later, but people do not look at the outcome: "+
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
func (r *Run) liveDoor(plan string, policy scenarios.Policy) (backend.DoorConfig, error) {
	door := backend.DoorConfig{Name: policy.At}
	steps := r.Scenario.Journey
	at := r.stepAt(policy.At)
	if at >= 0 {
		if steps[at].Request == nil {
			return door, refuse("plan %s puts %s at step %s, which sends nothing; put it at another step", plan, policy.Policy, steps[at].Name)
		}
		door.Paths = []string{steps[at].Request.Path}
	}
	if gate, isGate := policy.Gate(); isGate {
		if gate.Priority && at >= 0 {
			return door, refuse("plan %s puts priority-shed at step %s, where a live service cannot tell who has tried before; put it at entry, or simulate it", plan, steps[at].Name)
		}
		door.Gate, door.Fresh = &gate, r.freshPaths()
		return door, nil
	}
	session := at >= 0 && steps[at].Request.Headers["Authorization"] != ""
	switch policy.Policy {
	case "token-bucket", "waiting-room":
		if !session {
			return door, refuse("plan %s puts %s at %s, where a live service cannot tell people apart; put it at a step with a session, or simulate it", plan, policy.Policy, policy.At)
		}
		buckets, room := policy.Buckets(), policy.Room()
		if policy.Policy == "token-bucket" {
			door.Buckets = &buckets
		} else {
			door.Room = &room
		}
	case "stagger-by-birth-month":
		if at < 0 || steps[at].Request.Path != identityPath {
			return door, refuse("plan %s staggers at %s, where a live service does not know birth dates; put it at step:identity, or simulate it", plan, policy.At)
		}
		stagger := policy.Stagger()
		door.Stagger, door.Opens = &stagger, r.Scenario.Opens
	}
	return door, nil
}

// freshPaths are those of the steps up to the one that people are scheduled at.
func (r *Run) freshPaths() []string {
	var paths []string
	for _, step := range r.Scenario.Journey {
		if step.Request != nil {
			paths = append(paths, step.Request.Path)
		}
		if step.Name == r.Scenario.Arrivals.Step {
			break
		}
	}
	return slices.Compact(paths)
}
