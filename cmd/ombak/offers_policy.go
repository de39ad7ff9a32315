package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// policyTitle is the title of the offer to change a policy.
const policyTitle = "Change a policy"

// policyOffers returns what can be changed of the plan's policies, and why the others cannot change.
func (o offering) policyOffers() []live.Offer {
	_, policies := o.scenario.Effective(o.scenario.Plan())
	change := live.Offer{Do: funnel.SetService, Title: policyTitle}
	var fixed []live.Offer
	var standing []scenarios.Policy
	for _, policy := range policies {
		if why := cmp.Or(o.outside, o.fixed(policy)); why != "" {
			fixed = append(fixed, live.Offer{Do: funnel.SetService, Title: "Change " + policy.Name(), WhyNot: why})
			continue
		}
		standing = append(standing, policy)
		if !slices.Contains(change.On, policy.At) {
			change.On = append(change.On, policy.At)
		}
	}
	switch {
	case o.outside != "":
		change.WhyNot, fixed = o.outside, nil
	case len(policies) == 0:
		change.WhyNot = "the plan has no policy"
	case len(standing) == 0:
		change.WhyNot = "none of the plan's policies can change"
	}
	change.With, change.Note = policySettings(standing), fixedSettings(standing)
	return slices.Concat([]live.Offer{change}, fixed, o.absent(policies))
}

// absent says of the policies of other plans why they cannot be added: nothing is prepared for them where they would stand.
func (o offering) absent(policies []scenarios.Policy) (offers []live.Offer) {
	if o.outside != "" {
		return nil
	}
	said := map[string]bool{}
	for _, policy := range policies {
		said[policy.Name()] = true
	}
	for _, plan := range o.scenario.Plans {
		_, others := o.scenario.Effective(plan.Name)
		for _, policy := range others {
			if said[policy.Name()] {
				continue
			}
			said[policy.Name()] = true
			why := fmt.Sprintf("plan %s has it, and the plan of this run does not; the gates of a run are made before it begins, so play it with --plan %[1]s", plan.Name)
			offers = append(offers, live.Offer{Do: funnel.SetService, Title: "Add " + policy.Name(), WhyNot: why})
		}
	}
	return offers
}

// policySettings returns what can be set of policies, with the present values.
func policySettings(policies []scenarios.Policy) []live.Setting {
	names := map[string]*live.Choice{}
	enabled := live.Setting{Name: funnel.EnabledSetting, Title: "at work", Now: map[string]string{}, Choices: []live.Choice{{Value: "", Title: "as it is"}, {Value: "true", Title: "switch on"}, {Value: "false", Title: "switch off"}}}
	settings := map[string]*live.Setting{}
	for _, policy := range policies {
		name, descriptor := policy.Policy, policy.Descriptor()
		if names[name] == nil {
			names[name] = &live.Choice{Value: name, Title: descriptor.Does}
		}
		names[name].On = append(names[name].On, policy.At)
		if !descriptor.Changes.Always {
			if !slices.Contains(enabled.Of, name) {
				enabled.Of = append(enabled.Of, name)
			}
			noteNow(&enabled, policy, map[bool]string{true: "off", false: "on"}[policy.Off()])
		}
		for _, key := range policy.CanChange() {
			setting := settings[key]
			if setting == nil {
				setting = &live.Setting{Name: key, Title: strings.ReplaceAll(key, "_", " "), Now: map[string]string{}}
				settings[key] = setting
			}
			if !slices.Contains(setting.Of, name) {
				setting.Of = append(setting.Of, name)
			}
			noteSetting(setting, policy, key)
		}
	}
	all := []live.Setting{{Name: funnel.PolicySetting, Title: "policy", Choices: []live.Choice{}}}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all[0].Choices = append(all[0].Choices, *names[name])
	}
	all = append(all, enabled)
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		all = append(all, *settings[key])
	}
	return all
}

// noteSetting notes the present value of a setting, with the name of the policy where several at one place have it.
func noteSetting(setting *live.Setting, policy scenarios.Policy, key string) {
	if value, known := policy.Value(key); known {
		noteNow(setting, policy, value)
	}
}

// noteNow notes a value of a policy as the present one.
func noteNow(setting *live.Setting, policy scenarios.Policy, value string) {
	switch {
	case setting.Now[policy.At] == "":
		setting.Now[policy.At] = value
	default:
		setting.Now[policy.At] += ", " + policy.Policy + " " + value
	}
}

// fixedSettings says which settings of policies cannot change, and why.
func fixedSettings(policies []scenarios.Policy) string {
	var says []string
	for _, policy := range policies {
		descriptor := policy.Descriptor()
		fixed := descriptor.Fixed()
		if len(fixed) == 0 {
			continue
		}
		sentence := fmt.Sprintf("Of %s, %s cannot change: %s.", policy.Policy, strings.Join(fixed, ", "), descriptor.Changes.WhyNot)
		if !slices.Contains(says, sentence) {
			says = append(says, sentence)
		}
	}
	return strings.Join(says, " ")
}

// previewPolicy says what a change of a policy will do.
func (o offering) previewPolicy(action funnel.Action) (string, error) {
	after, err := o.scenario.Adjusted(action.On, action.With)
	if err != nil {
		return "", err
	}
	policy, err := setup.Standing(after, action)
	if err != nil {
		return "", err
	}
	if why := o.fixed(policy); why != "" {
		return "", fmt.Errorf("%s cannot change in this run: %s", policy.Name(), why)
	}
	var changes []string
	for _, name := range slices.Sorted(maps.Keys(action.With)) {
		if name != funnel.PolicySetting && name != funnel.EnabledSetting {
			value, _ := policy.Value(name)
			changes = append(changes, name+" "+value)
		}
	}
	text := policy.Name()
	if len(changes) > 0 {
		text += " has " + strings.Join(changes, ", ") + " from now on"
	}
	switch enabled := action.With[funnel.EnabledSetting]; {
	case enabled == "" && policy.Off():
		text += ", once it is switched on"
	case enabled == "false" && len(changes) > 0, enabled == "true" && len(changes) > 0:
		text += ", and is switched " + map[string]string{"true": "on", "false": "off"}[enabled]
	case enabled != "":
		text += " is switched " + map[string]string{"true": "on", "false": "off"}[enabled]
	}
	return text + ". " + policy.Descriptor().Changes.Waiting, nil
}
