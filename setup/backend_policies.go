package setup

import (
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
)

// protectBackend adds the plan's policies to the configuration of the reference backend, and refuses policies
// that do not run live.
func (p *Planned) protectBackend(config *backend.Config) error {
	plan, policies := p.Scenario.Effective(p.Scenario.Plan())
	for _, policy := range policies {
		if !policy.RunsLive() {
			return Refuse("plan %s puts %s at %s, which does not run live yet; choose another plan, or simulate it", plan.Name, policy.Policy, policy.At)
		}
		var err error
		if site, name := policy.Place(); site == resilience.AtCall {
			err = p.protectCalls(config, plan.Name, name, p.scaledPolicy(policy))
		} else {
			err = p.openDoor(config, plan.Name, policy)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// protectCalls puts a policy in front of the calls of a dependency.
func (p *Planned) protectCalls(config *backend.Config, plan, dependency string, policy resilience.Policy) error {
	described, err := policy.Config()
	if err != nil {
		return Refused(err)
	}
	kind := p.Scenario.Dependencies[dependency].Kind
	if !slices.Contains(registry.Names(), kind) {
		return Refuse("plan %s limits calls of %s, which has no gate; put the policy at %s", plan, dependency, alternatives(registry.Names()))
	}
	if later, isLater := described.(resilience.DeferConfig); isLater {
		return p.askLater(config, plan, dependency, policy.Name, later)
	}
	changeRegistry(config, kind, func(r *registry.Config) { r.Policies = append(r.Policies, policy) })
	return nil
}

// alternatives joins names, as in "a, b or c".
func alternatives(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// askLater makes the backend accept identities at once and ask the registry later. The journey must then
// poll for the outcome.
func (p *Planned) askLater(config *backend.Config, plan, dependency, policy string, later resilience.DeferConfig) error {
	if p.Scenario.Dependencies[dependency].Kind != registry.DukcapilName {
		return Refuse("plan %s asks %s later, which runs live for identities only; put %s at %s, or simulate it", plan, dependency, policy, registry.DukcapilName)
	}
	for _, step := range p.Scenario.Journey {
		if step.Request != nil && step.Request.Path == identityPath && (step.Request.Look == nil || step.Request.Look.Path != identityPath) {
			return Refuse("plan %s accepts identities and checks them later, but people never ask for the outcome: "+
				"set journey.%s to kind: poll, every, patience, expect.pending: [202] and request.look.path: %s, or simulate it", plan, step.Name, identityPath)
		}
	}
	config.QueuedIdentity, config.Questions = true, later
	return nil
}

// identityPath is where people send their birth date.
const identityPath = "/v1/identity"

// openDoor puts a policy in front of the service, unless it needs to know what a live service does not know
// there.
func (p *Planned) openDoor(config *backend.Config, plan string, policy scenarios.Policy) error {
	door := backend.DoorConfig{Name: policy.At, Fresh: p.freshPaths(), Opens: p.Scenario.Opens, Policy: p.scaledPolicy(policy)}
	var request scenarios.Request // empty at the entry
	if at := p.stepAt(policy.At); at >= 0 {
		step := p.Scenario.Journey[at]
		if step.Request == nil {
			return Refuse("plan %s puts %s at step %s, which sends nothing; put it at another step", plan, policy.Policy, step.Name)
		}
		request, door.Paths = *step.Request, []string{step.Request.Path}
	}
	asks := policy.Descriptor().Asks
	if asks.Has(resilience.AsksPerson) && request.Headers["Authorization"] == "" {
		return Refuse("plan %s puts %s at %s, where a live service cannot tell people apart; put it at a step with a session, or simulate it", plan, policy.Policy, policy.At)
	}
	if asks.Has(resilience.AsksBirthMonth) && request.Path != identityPath {
		return Refuse("plan %s puts %s at %s, where a live service does not know birth dates; put it at step:identity, or simulate it", plan, policy.Policy, policy.At)
	}
	config.Doors = append(config.Doors, door)
	return nil
}

// freshPaths returns the paths of the steps up to the one at which arrivals are scheduled.
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
