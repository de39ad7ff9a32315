package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Scheduled returns the changes of a plan's schedule, in order of time, as actions that set something at a dependency or
// station. It returns an error that names the first change which cannot be made while a run plays.
func (p Plan) Scheduled() (actions []funnel.Action, err error) {
	schedule := slices.Clone(p.Schedule)
	slices.SortStableFunc(schedule, func(a, b Change) int { return cmp.Compare(a.At, b.At) })
	for _, change := range schedule {
		switch {
		case len(change.Set.Journey) > 0:
			return nil, fmt.Errorf("at %v it changes what people do", change.At)
		case change.Set.Population != nil:
			return nil, fmt.Errorf("at %v it changes the population", change.At)
		case change.Set.Backend != nil:
			return nil, fmt.Errorf("at %v it changes settings of the backend", change.At)
		}
		for _, parts := range []map[string]Raw{change.Set.Stations, change.Set.Dependencies} {
			for _, name := range slices.Sorted(maps.Keys(parts)) {
				action := funnel.Action{At: change.At, Do: funnel.SetService, On: name, With: map[string]string{}, By: "plan " + p.Name, Planned: true}
				for _, entry := range pairs(parts[name].node) {
					if _, nested := entry.Value.(ast.MapNode); nested || entry.Value.Type() == ast.SequenceType {
						return nil, fmt.Errorf("at %v it sets %s of %s, which is more than one value", change.At, scalarText(entry.Key), name)
					}
					action.With[scalarText(entry.Key)] = scalarText(entry.Value)
				}
				if err := action.Check(); err != nil {
					return nil, fmt.Errorf("at %v, %w", change.At, err)
				}
				actions = append(actions, action)
			}
		}
		for _, raw := range change.Set.Policies {
			action, err := p.policyAction(change.At, raw)
			if err != nil {
				return nil, fmt.Errorf("at %v, %w", change.At, err)
			}
			actions = append(actions, action)
		}
	}
	return actions, nil
}

// policyAction returns a change of a policy as an action on its place.
func (p Plan) policyAction(at time.Duration, raw Raw) (funnel.Action, error) {
	action := funnel.Action{At: at, Do: funnel.SetService, With: map[string]string{}, By: "plan " + p.Name, Planned: true}
	for _, entry := range pairs(raw.node) {
		switch key := scalarText(entry.Key); {
		case !isScalar(entry.Value):
			return action, fmt.Errorf("it sets %s of a policy, which is more than one value", key)
		case key == "at":
			action.On = scalarText(entry.Value)
		default:
			action.With[key] = scalarText(entry.Value)
		}
	}
	if action.On == "" || !action.OnPolicy() {
		return action, errors.New("a change of a policy needs policy and at, as in {policy: bulkhead, at: call:dukcapil, limit: 20}")
	}
	return action, action.Check()
}
