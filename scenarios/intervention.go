package scenarios

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Intervention is something that somebody does while the run plays.
type Intervention struct {
	At   time.Duration    `yaml:"at" json:"at"`                         // scenario time
	For  time.Duration    `yaml:"for,omitempty" json:"for,omitempty"`   // scenario time after which it is undone; 0 means never, for a fault 1m
	Do   string           `yaml:"do" json:"do"`                         // fault, end-fault, arrivals, hold, resume, set, note or stop
	On   string           `yaml:"on,omitempty" json:"on,omitempty"`     // name of a dependency or station, or place of a policy
	With map[string]Value `yaml:"with,omitempty" json:"with,omitempty"` // settings of what is done, as in {fault: dukcapil-brownout} or {factor: 1.5}
	By   string           `yaml:"by,omitempty" json:"by,omitempty"`     // who does it
}

// Action returns the intervention as an action. A fault without an end gets one.
func (i Intervention) Action() funnel.Action {
	action := funnel.Action{At: i.At, For: i.For, Do: funnel.Deed(i.Do), On: i.On, By: i.By}
	for name, value := range i.With {
		if action.With == nil {
			action.With = map[string]string{}
		}
		action.With[name] = string(value)
	}
	if action.Do == funnel.StartFault && action.For == 0 {
		action.For = funnel.DefaultFaultTime
	}
	return action
}

// Actions returns the interventions in order of time.
func (s *Scenario) Actions() []funnel.Action {
	var actions []funnel.Action
	for _, intervention := range s.Interventions {
		actions = append(actions, intervention.Action())
	}
	return funnel.InOrder(actions)
}

// validateInterventions reports what cannot be done.
func (s *Scenario) validateInterventions() {
	s.bound("interventions", len(s.Interventions), longestList)
	for i, intervention := range s.Interventions {
		action, check := intervention.Action(), s.CheckAction
		if action.OnPolicy() {
			check = s.underSomePlan
		}
		if err := check(action); err != nil {
			s.source.faultAt(fmt.Sprintf("interventions[%d]", i), "", "%v", err)
		}
	}
}

// CheckAction returns why an action cannot be done in this scenario, or nil.
func (s *Scenario) CheckAction(action funnel.Action) error {
	if err := action.Check(); err != nil {
		return err
	}
	switch action.Do {
	case funnel.StartFault:
		_, err := s.FaultsOf(action)
		return err
	case funnel.EndFault:
		if action.On != "" && !has(s.Dependencies, action.On) {
			return s.noDependency(action.On)
		}
	case funnel.SetService:
		_, err := s.Adjusted(action.On, action.With)
		return err
	}
	return nil
}

// Afflicted returns the dependencies that have a fault which an action starts, with commas.
func (s *Scenario) Afflicted(action funnel.Action) string {
	if action.Do != funnel.StartFault {
		return ""
	}
	if action.On != "" {
		return action.On
	}
	parts, _ := s.FaultsOf(action) // it has been checked
	var names []string
	for _, part := range parts {
		names = append(names, part.Dependency)
	}
	return strings.Join(names, ", ")
}

func (s *Scenario) noDependency(name string) error {
	return fmt.Errorf("no dependency is called %q; %s", name, hintWord(name, keys(s.Dependencies)))
}

// Adjusted returns a copy of the scenario in which a dependency, a station, or a policy at a place has other settings.
func (s *Scenario) Adjusted(part string, with map[string]string) (*Scenario, error) {
	if with[funnel.PolicySetting] != "" {
		return s.withPolicy(part, with)
	}
	kind := "dependencies"
	if !has(s.Dependencies, part) {
		kind = "stations"
		if !has(s.Stations, part) {
			return nil, fmt.Errorf("no dependency or station is called %q; %s", part, hintWord(part, append(keys(s.Dependencies), keys(s.Stations)...)))
		}
		for _, name := range slices.Sorted(maps.Keys(with)) {
			if name != "servers" {
				return nil, fmt.Errorf("%s is a station: only its servers can be set", part)
			}
		}
	}
	src, changed := *s.source, *s
	src.mistakes, src.places = nil, map[string][2]int{}
	changed.source = &src
	changed.Stations, changed.Dependencies = maps.Clone(s.Stations), maps.Clone(s.Dependencies)
	for _, name := range slices.Sorted(maps.Keys(with)) {
		node := changed.tree(Setting{Path: join(kind, part) + "." + name, Value: Value(with[name])}, []string{kind, part, name})
		if node == nil {
			break
		}
		var patch Patch
		src.decode(node, reflect.ValueOf(&patch).Elem(), "")
		changed.apply(patch)
	}
	changed.validateParts()
	changed.validateCounts()
	if err := src.firstMistake(); err != nil {
		return nil, err
	}
	return &changed, nil
}
