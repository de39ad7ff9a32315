package setup

import (
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/scenarios"
)

// Recipe says how a model was made, so that another machine makes the same.
type Recipe struct {
	Scenario scenarios.Recipe
	Options  Options
	Offered  recorder.OfferedFacts // the people who arrive, who are not counted again
}

// Recipe returns how the model was made. It must not have been changed since.
func (m *Model) Recipe() (Recipe, error) {
	scenario, err := m.given.Recipe()
	if err != nil {
		return Recipe{}, err
	}
	return Recipe{Scenario: scenario, Options: m.asked, Offered: m.Offered}, nil
}

// Make makes the model. It reads no file.
func (r Recipe) Make() (*Model, error) {
	scenario, err := r.Scenario.Make()
	if err != nil {
		return nil, err
	}
	return NewModelOffered(scenario, r.Options, r.Offered)
}
