package scenarios

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// Off reports whether an action has switched the policy off.
func (p Policy) Off() bool { return p.off }

// Name names a policy with its place, as in bulkhead at call:dukcapil.
func (p Policy) Name() string { return p.Policy + " at " + p.At }

// CanChange returns the settings that can change while a run plays, at the place of the policy.
func (p Policy) CanChange() []string {
	descriptor := p.Descriptor()
	site, _ := p.Place()
	return slices.DeleteFunc(slices.Clone(descriptor.Changes.Keys), func(key string) bool {
		return site != resilience.AtCall && slices.Contains(descriptor.AtCall, key)
	})
}

// Value returns a setting as it is written in a file. It returns false if the setting is left out.
func (p Policy) Value(key string) (text string, given bool) {
	switch value := p.Settings.Value(key).(type) {
	case resilience.Rate:
		text = workload.Rate(value).String()
	case resilience.Share:
		written, err := Share(value).MarshalText()
		if err != nil {
			return "", false
		}
		text = string(written)
	default:
		text = fmt.Sprint(value)
	}
	return text, !reflect.ValueOf(p.Settings.Value(key)).IsZero()
}

// withPolicy returns a copy of the scenario in which a policy of its plan has other settings, or is switched off or on.
func (s *Scenario) withPolicy(place string, with map[string]string) (*Scenario, error) {
	src, changed := *s.source, *s
	src.mistakes, src.places = nil, maps.Clone(s.source.places)
	changed.source = &src
	changed.Plans = slices.Clone(s.Plans)
	for i := range changed.Plans {
		changed.Plans[i].Policies = slices.Clone(s.Plans[i].Policies)
	}
	policy, path, err := changed.standing(place, with[funnel.PolicySetting])
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(with)) {
		if err := changed.setPolicy(policy, path, key, with[key]); err != nil {
			return nil, err
		}
	}
	changed.validatePolicy(path, *policy)
	return &changed, src.firstMistake()
}

// standing returns a policy of the plan, and its path.
func (s *Scenario) standing(place, name string) (policy *Policy, path string, err error) {
	chain, _ := s.chain(s.plan, nil)
	var there []string
	for _, plan := range chain {
		for k := range plan.Policies {
			policy := &plan.Policies[k]
			if policy.At == place && (policy.Policy == name || policy.Descriptor().Formerly == name) {
				return policy, s.policyPath(plan, k), nil
			}
			there = append(there, policy.Name())
		}
	}
	if len(there) == 0 {
		return nil, "", fmt.Errorf("no policy stands anywhere, so %s at %s cannot be set; choose a plan with policies", name, place)
	}
	return nil, "", fmt.Errorf("plan %s has no %s at %s; it has %s", s.plan, name, place, strings.Join(there, ", "))
}

// setPolicy gives a policy one other setting.
func (s *Scenario) setPolicy(policy *Policy, path, key, value string) error {
	descriptor := policy.Descriptor()
	switch key {
	case funnel.PolicySetting:
		if len(descriptor.Changes.Keys) == 0 {
			return fmt.Errorf("%s cannot change while a run plays: %s", policy.Name(), descriptor.Changes.WhyNot)
		}
		return nil
	case funnel.EnabledSetting:
		if value != "true" && value != "false" {
			return fmt.Errorf("enabled is %q; write true or false", value)
		}
		if policy.off = value == "false"; policy.off && descriptor.Changes.Always {
			return fmt.Errorf("%s cannot be switched off while a run plays: %s", policy.Name(), descriptor.Changes.WhyNot)
		}
		return nil
	}
	if whyNot := descriptor.May(key); whyNot != "" {
		return fmt.Errorf("%s of %s cannot change while a run plays: %s; %s", key, policy.Policy, whyNot, hintWord(key, append(slices.Clone(descriptor.Changes.Keys), funnel.EnabledSetting)))
	}
	if node := s.tree(Setting{Path: path + "." + key, Value: Value(value)}, []string{key}); node != nil {
		s.source.decode(node, reflect.ValueOf(policy).Elem(), path)
	}
	return nil
}

// firstMistake returns the first mistake without its place, or nil.
func (s *source) firstMistake() error {
	if len(s.mistakes) == 0 {
		return nil
	}
	mistake := s.mistakes[0]
	if mistake.Hint != "" {
		return errors.New(mistake.Message + "; " + mistake.Hint)
	}
	return errors.New(mistake.Message)
}

// underSomePlan checks an action that sets a policy, which only some plans have.
func (s *Scenario) underSomePlan(action funnel.Action) error {
	under, first := *s, s.CheckAction(action)
	for _, name := range s.planNames() {
		if first == nil {
			return nil
		}
		if under.plan = name; under.CheckAction(action) == nil {
			return nil
		}
	}
	return first
}
