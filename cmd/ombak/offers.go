package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// offering says what can be done to a run of a scenario.
type offering struct {
	scenario *scenarios.Scenario
	refused  map[funnel.Deed]string        // why something cannot be done
	suits    func(fault.Kind) bool         // whether the run can have a fault
	settable []string                      // parts whose settings can be changed
	fixed    func(scenarios.Policy) string // why a policy cannot change; empty if it can
	outside  string                        // why the run has no policies; empty if it has those of its plan
}

// unturnable returns what cannot be done if who comes cannot change, for a reason.
func unturnable(why error) map[funnel.Deed]string {
	refused := map[funnel.Deed]string{}
	if why != nil {
		for _, deed := range []funnel.Deed{funnel.Arrive, funnel.Hold, funnel.Resume} {
			refused[deed] = why.Error()
		}
	}
	return refused
}

// after returns what can be done after an action.
func (o offering) after(action funnel.Action) offering {
	if action.Do != funnel.SetService {
		return o
	}
	if scenario, err := o.scenario.Adjusted(action.On, action.With); err == nil {
		o.scenario = scenario
	}
	return o
}

// offers returns what can be done.
func (o offering) offers() []live.Offer {
	dependencies := slices.Sorted(maps.Keys(o.scenario.Dependencies))
	offers := []live.Offer{
		{Do: funnel.SetService, Title: "Change a part", On: o.settable, With: o.settings()},
		{Do: funnel.Arrive, Title: "Multiply arrivals", With: []live.Setting{{Name: "factor", Title: "factor on the people who come from now on", Hint: "1.5"}}, Unlimits: true},
		{Do: funnel.Hold, Title: "Hold arrivals", Unlimits: true},
		{Do: funnel.Resume, Title: "Resume arrivals"},
		{Do: funnel.EndFault, Title: "End faults", On: dependencies},
		{Do: funnel.StartFault, Title: "Start a fault", On: dependencies, With: o.faultSettings(dependencies), ForS: funnel.DefaultFaultTime.Seconds()},
		{Do: funnel.Remark, Title: "Write a note", With: []live.Setting{{Name: "text", Title: "note", Hint: "the mayor calls"}}},
		{Do: funnel.Stop, Title: "Stop the run"},
	}
	offers = append(offers, o.policyOffers()...)
	for i := range offers {
		offer := &offers[i]
		if why := o.refused[offer.Do]; why != "" && offer.WhyNot == "" && offer.Title != policyTitle {
			offer.WhyNot = why
		}
		if (offer.Do == funnel.StartFault || offer.Do == funnel.EndFault) && len(dependencies) == 0 && offer.WhyNot == "" {
			offer.WhyNot = "the scenario has no dependency"
		}
	}
	return offers
}

// faultSettings returns the settings of a fault: its name, and what most faults have.
func (o offering) faultSettings(dependencies []string) []live.Setting {
	var choices []live.Choice
	for _, set := range fault.Sets() {
		var on []string
		for _, name := range dependencies {
			if slices.Contains(set.Of, o.scenario.Dependencies[name].Kind) {
				on = append(on, name)
			}
		}
		suits := !slices.ContainsFunc(set.Faults, func(f fault.Fault) bool { return !o.suits(f.Kind) })
		if len(on) > 0 && suits {
			choices = append(choices, live.Choice{Value: set.Name, Title: set.Purpose, On: on})
		}
	}
	for _, kind := range []fault.Kind{fault.BrownOut, fault.Outage, fault.Slow, fault.BlackHole} {
		var on []string
		for _, name := range dependencies {
			if kind.Befalls(o.scenario.Dependencies[name].Kind) && o.suits(kind) {
				on = append(on, name)
			}
		}
		if len(on) > 0 {
			choices = append(choices, live.Choice{Value: string(kind), On: on})
		}
	}
	return []live.Setting{
		{Name: "fault", Title: "fault", Choices: choices},
		{Name: "capacity", Title: "capacity left (of a brown-out)", Hint: "20%"},
		{Name: "delay", Title: "delay (of slow)", Hint: "2s"},
		{Name: "probability", Title: "share of requests", Hint: "all"},
	}
}

// settings returns what can be set, with the present values.
func (o offering) settings() []live.Setting {
	now := map[string]map[string]string{"servers": {}, "service": {}, "queue": {}, "rate": {}, "quota": {}}
	note := func(part string, service workload.Service) {
		now["servers"][part] = strconv.Itoa(service.ServerCount())
		if text, err := service.ServiceTime.MarshalText(); err == nil {
			now["service"][part] = string(text)
		}
		if service.Queue != nil {
			now["queue"][part] = strconv.Itoa(*service.Queue)
		}
		if service.RateLimit > 0 {
			now["rate"][part] = units.Rate(float64(service.RateLimit)) + "/s"
		}
		if service.Quota.Most > 0 {
			now["quota"][part] = strconv.Itoa(service.Quota.Most)
		}
	}
	for name, dependency := range o.scenario.Dependencies {
		note(name, dependency.Service)
	}
	for name, station := range o.scenario.Stations {
		note(name, station.Service)
	}
	return []live.Setting{
		{Name: "servers", Title: "servers", Hint: "8", Now: now["servers"]},
		{Name: "service", Title: "service time", Hint: "exponential(20ms)", Now: now["service"]},
		{Name: "queue", Title: "longest queue", Hint: "100", Now: now["queue"]},
		{Name: "rate", Title: "rate limit", Hint: "100/s", Now: now["rate"]},
		{Name: "quota", Title: "quota", Hint: "10000", Now: now["quota"]},
	}
}

// preview says what an action will do, or why it cannot be done.
func (o offering) preview(action funnel.Action) (string, error) {
	why := o.refused[action.Do]
	if action.OnPolicy() {
		why = o.outside
	}
	if why != "" {
		return "", fmt.Errorf("this run does not take %s: %s", action.Do, why)
	}
	if err := o.scenario.CheckAction(action); err != nil {
		return "", err
	}
	if action.OnPolicy() {
		return o.previewPolicy(action)
	}
	if action.Do == funnel.SetService && !slices.Contains(o.settable, action.On) {
		return "", fmt.Errorf("%s is a part of the model; a live run can change dependencies only", action.On)
	}
	end := "to the end of the run"
	if action.For > 0 {
		end = "for " + units.Duration(action.For)
	}
	switch action.Do {
	case funnel.StartFault:
		return o.previewFault(action, end)
	case funnel.EndFault:
		if name := action.With["fault"]; name != "" {
			return fmt.Sprintf("%s, started by hand, ends now%s.", name, map[bool]string{true: " at " + action.On}[action.On != ""]), nil
		}
		return "Faults that were started by hand end now.", nil
	case funnel.Arrive:
		return previewFactor(action, end), nil
	case funnel.Hold:
		return "Nobody new comes " + end + ". People who have begun go on; those held back never come.", nil
	case funnel.Resume:
		return "People come again. Those who were held back do not.", nil
	case funnel.SetService:
		return o.previewSetting(action), nil
	case funnel.Remark:
		return "The note stands in the timeline and in the report.", nil
	}
	return "The run ends now, with a report of what was measured. It gets no verdict.", nil
}

func previewFactor(action funnel.Action, end string) string {
	factor, _ := action.Factor() // it has been checked
	switch {
	case factor < 1:
		return fmt.Sprintf("Of the people who would begin from now on, %s stay away %s.", units.Percent(1-factor), end)
	case factor > 1:
		return fmt.Sprintf("For everybody who begins from now on, %s more come on average, %s.", units.Number(factor-1), end)
	}
	return "As many people come as the scenario says."
}

func (o offering) previewFault(action funnel.Action, end string) (string, error) {
	affected, err := o.scenario.FaultsOf(action)
	if err != nil {
		return "", err
	}
	var names, unknown []string
	for _, part := range affected {
		names = append(names, part.Dependency)
		for _, f := range part.Faults {
			if !o.suits(f.Kind) {
				unknown = append(unknown, string(f.Kind))
			}
		}
	}
	if len(unknown) > 0 {
		return "", fmt.Errorf("the fault %s is not simulated; only a live run shows it", unknown[0])
	}
	text := action.With["fault"]
	if set, named := fault.Named(text); named {
		text += " (" + set.Purpose + ")"
	}
	return fmt.Sprintf("%s has %s %s.", strings.Join(names, ", "), text, end), nil
}

func (o offering) previewSetting(action funnel.Action) string {
	var changes []string
	for _, name := range slices.Sorted(maps.Keys(action.With)) {
		changes = append(changes, name+" "+action.With[name])
	}
	return fmt.Sprintf("From now on %s has %s. Requests in service finish as they began.", action.On, strings.Join(changes, ", "))
}
