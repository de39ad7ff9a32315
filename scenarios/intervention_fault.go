package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Affected is a dependency and the faults that an action begins there.
type Affected struct {
	Dependency string
	Faults     fault.Schedule
}

// DescribeFault returns the fault that an action begins, as package fault reads it.
func DescribeFault(action funnel.Action) (fault.Description, error) {
	d := fault.Description{Fault: action.With["fault"], At: action.At, For: action.For, With: map[string]any{}}
	for name, value := range action.With {
		switch name {
		case "fault":
		case "ramp":
			ramp, err := time.ParseDuration(value)
			if err != nil || ramp < 0 {
				return d, fmt.Errorf("ramp is %q; write a time such as 10s", value)
			}
			d.Ramp = ramp
		case "probability":
			var share Share
			if err := share.UnmarshalText([]byte(value)); err != nil {
				return d, fmt.Errorf("probability: %w", err)
			}
			d.Probability = float64(share)
		default:
			d.With[name] = value
		}
	}
	return d, nil
}

// FaultsOf returns the faults that an action begins, by dependency in order of their names. An action that names no
// dependency concerns all to which the named set applies.
func (s *Scenario) FaultsOf(action funnel.Action) ([]Affected, error) {
	d, err := DescribeFault(action)
	if err != nil {
		return nil, err
	}
	set, named := fault.Named(d.Fault)
	if action.On == "" && !named {
		return nil, fmt.Errorf("say with on which dependency has the fault %q; use one of %s", d.Fault, strings.Join(keys(s.Dependencies), ", "))
	}
	if action.On != "" && !has(s.Dependencies, action.On) {
		return nil, s.noDependency(action.On)
	}
	var affected []Affected
	for _, name := range keys(s.Dependencies) {
		kind := s.Dependencies[name].Kind
		if action.On != name && (action.On != "" || !slices.Contains(set.Of, kind)) {
			continue
		}
		faults, err := d.Faults(kind)
		if err != nil {
			return nil, err
		}
		affected = append(affected, Affected{name, faults})
	}
	if len(affected) == 0 {
		return nil, fmt.Errorf("fault %s applies to %s, and the scenario has no such dependency", d.Fault, strings.Join(set.Of, ", "))
	}
	return affected, nil
}
