package setup

import (
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// Model is the set-up of a simulation.
type Model struct {
	Planned
	Config    sim.Config
	Actions   []funnel.Action // the scenario's interventions, which the config holds, in order of time
	Scheduled []funnel.Action // what the plan's schedule changes besides numbers of servers, which the config holds too
	deeds     int             // how many of them change anything
}

// NewModel maps a scenario and options to a simulation. What cannot be simulated comes back as
// ErrRefused.
func NewModel(scenario *scenarios.Scenario, options Options) (*Model, error) {
	return newModel(scenario, options, nil)
}

// NewModelOffered is NewModel without counting the people again. They are those of another model of the same
// scenario, seed and options.
func NewModelOffered(scenario *scenarios.Scenario, options Options, counted recorder.OfferedFacts) (*Model, error) {
	return newModel(scenario, options, &counted)
}

// newModel does not count the people again if another plan has counted the same ones.
func newModel(scenario *scenarios.Scenario, options Options, counted *recorder.OfferedFacts) (*Model, error) {
	planned, err := newPlanned(scenario, options)
	if err != nil {
		return nil, err
	}
	m := &Model{Planned: planned}
	if err := m.checkShares(); err != nil {
		return nil, err
	}
	if m.People, err = m.people(); err != nil {
		return nil, err
	}
	if m.Config, err = m.simulator(); err != nil {
		return nil, err
	}
	if err := m.interventions(); err != nil {
		return nil, err
	}
	m.Conditions = slices.DeleteFunc(m.Conditions, ofTheStore)
	if counted == nil || m.Config.Stagger != nil {
		m.Offered = m.OfferedTo(m.Config)
	} else {
		m.Offered = *counted
	}
	return m, nil
}

// ofTheStore reports whether a condition is about the rows of a database, which a simulation does not have.
func ofTheStore(condition threshold.Condition) bool {
	name, _, _ := strings.Cut(strings.TrimSpace(condition.Source), " ")
	return slices.Contains([]string{"lost", "duplicates", "persisted", "acknowledged", "unacknowledged"}, name)
}

// LeftOut names a plan that cannot be simulated, and the reason.
type LeftOut struct {
	Plan   string `json:"plan"`
	Reason string `json:"reason"`
}

// NewModels maps a scenario to a model for each plan: the plans given, or else those of the scenario's
// compare, or else all its plans. Plans that cannot be simulated are left out, with the reason. If none can
// be simulated, NewModels returns ErrRefused.
func NewModels(scenario *scenarios.Scenario, options Options, plans []string) ([]*Model, []LeftOut, error) {
	if len(plans) == 0 {
		plans = scenario.Compare
	}
	if len(plans) == 0 {
		for _, plan := range scenario.Plans {
			plans = append(plans, plan.Name)
		}
	}
	var models []*Model
	var left []LeftOut
	var counted *recorder.OfferedFacts // the same under all plans in which people do not take turns
	for _, plan := range plans {
		if _, err := scenario.WithPlan(plan); err != nil {
			return nil, nil, Refused(err)
		}
		options.Plan = plan
		model, err := newModel(scenario, options, counted)
		if err != nil {
			left = append(left, LeftOut{plan, err.Error()})
			continue
		}
		if counted == nil && model.Config.Stagger == nil {
			counted = &model.Offered
		}
		models = append(models, model)
	}
	switch {
	case len(models) == 0 && len(left) > 0:
		return nil, left, Refuse("no plan of scenario %s can be simulated: %s", scenario.Name, left[0].Reason)
	case len(models) == 0:
		return nil, nil, Refuse("scenario %s has no plans to compare; add some, or use ombak simulate", scenario.Name)
	}
	return models, left, nil
}
