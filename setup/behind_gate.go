package setup

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/gate"
	"github.com/ombak-sim/ombak/scenarios"
)

// notAtGate is why a policy of a plan is not in a gate.
const notAtGate = "a gate in front of the service cannot carry it out"

// AtGate returns the policies of the plan that a gate in front of the service carries out, as they are before the run.
func (l *Live) AtGate() (standing []gate.Standing) {
	_, policies := l.Scenario.Effective(l.Scenario.Plan())
	for _, policy := range policies {
		if site, _ := policy.Place(); policy.RunsLive() && gate.Runs(policy.Named(), site) {
			standing = append(standing, gate.Standing{At: policy.At, Policy: l.scaledPolicy(policy)})
		}
	}
	return standing
}

// CannotChange returns why a policy cannot change while this run plays, or "".
func (l *Live) CannotChange(policy scenarios.Policy) string {
	why := CannotChange(policy, true)
	if site, _ := policy.Place(); why == "" && l.Service == nil && !gate.Runs(policy.Named(), site) {
		return notAtGate
	}
	return why
}

// behindGate warns of policies that the gate in front of the service does not carry out.
func (l *Live) behindGate() error {
	plan, policies := l.Scenario.Effective(l.Scenario.Plan())
	if len(l.AtGate()) == 0 {
		return Refuse("plan %s of scenario %s has no policy that a gate carries out; choose another with --plan NAME, or leave out gate-url", plan.Name, l.Scenario.Name)
	}
	var inside []string
	for _, policy := range policies {
		if site, _ := policy.Place(); !policy.RunsLive() || !gate.Runs(policy.Named(), site) {
			inside = append(inside, policy.Name())
		}
	}
	if len(inside) > 0 {
		l.Warnings = append(l.Warnings, fmt.Sprintf("a gate does not carry out %s of plan %s: the service must have them", strings.Join(inside, ", "), plan.Name))
	}
	return nil
}

// scheduleElsewhere takes from the plan's schedule what changes at a gate and at mocks that others started, and warns of the
// rest.
func (l *Live) scheduleElsewhere() error {
	plan, _ := l.Scenario.Effective(l.Scenario.Plan())
	scheduled, err := plan.Scheduled()
	if err != nil && (l.Options.Gated || l.Options.Mocked) {
		return Refuse("plan %s has a schedule that does not run live: %w; choose another plan", plan.Name, err)
	}
	trial := l.Acting()
	for _, action := range scheduled {
		_, depends := l.Scenario.Dependencies[action.On]
		done := l.Options.Mocked && depends
		if action.OnPolicy() {
			done = l.Options.Gated
		}
		if !done {
			l.Warnings = append(l.Warnings, fmt.Sprintf("this run does not do what plan %s schedules at %v (%s): the service must", plan.Name, action.At, action.Text()))
			continue
		}
		if err := trial.try(action); err != nil {
			return Refuse("plan %s has a schedule that does not run live: at %v, %w; choose another plan, or simulate it", plan.Name, action.At, err)
		}
		l.Schedule = append(l.Schedule, action)
	}
	if !l.Options.Gated {
		return nil
	}
	return l.tryInterventions(trial)
}

// Compare compares the policies of a gate with those of the plan. It refuses a gate that lacks one, and warns of one that has
// other settings.
func (l *Live) Compare(there []gate.Standing) error {
	for _, want := range l.AtGate() {
		at := slices.IndexFunc(there, func(s gate.Standing) bool { return s.At == want.At && s.Policy.Name == want.Policy.Name })
		if at < 0 {
			return Refuse("the gate does not have %s of plan %s; start it with ombak serve gate --plan %s", want.Name(), l.Scenario.Plan(), l.Scenario.Plan())
		}
		if !reflect.DeepEqual(there[at], want) {
			l.Warnings = append(l.Warnings, fmt.Sprintf("at the beginning the gate had other settings of %s than plan %s", want.Name(), l.Scenario.Plan()))
		}
	}
	return nil
}
