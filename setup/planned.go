package setup

import (
	"cmp"
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
)

// Planned is a scenario after its plan and the options have been applied. A live set-up and a model set-up
// share it.
type Planned struct {
	Scenario   *scenarios.Scenario
	Options    Options // with 1 for each factor that was left out
	Conditions []threshold.Condition
	People     People
	Offered    recorder.OfferedFacts // the people who arrive
	Warnings   []string
	holdOuts   []HoldOut
	given      *scenarios.Scenario // before its plan was applied
	asked      Options             // as they were given
}

func newPlanned(scenario *scenarios.Scenario, options Options) (Planned, error) {
	if err := options.check(); err != nil {
		return Planned{}, err
	}
	planned, err := scenario.WithPlan(options.Plan)
	if err != nil {
		return Planned{}, Refused(err)
	}
	if options.Seed != nil {
		planned.Seed = *options.Seed
	}
	planned.Thresholds = slices.Clone(planned.Thresholds)
	if options.Rate > 0 {
		atRate(planned, options.Rate, options.For)
		if err := planned.CheckPeople(); err != nil {
			return Planned{}, Refuse("%v for %v: %w; lower the rate or the time", options.Rate, options.For, err)
		}
	}
	for _, source := range options.Thresholds {
		planned.Thresholds = append(planned.Thresholds, funnel.Threshold{Source: source, Severity: funnel.Fail})
	}
	p := Planned{Scenario: planned, Options: options.withDefaults(), given: scenario, asked: options}
	if err := p.close(); err != nil {
		return Planned{}, err
	}
	if p.Conditions, err = conditions(planned); err != nil {
		return Planned{}, err
	}
	if err := p.checkConditions(); err != nil {
		return Planned{}, err
	}
	if p.holdOuts, err = holdOuts(planned); err != nil {
		return Planned{}, err
	}
	return p, p.checkScale()
}

// conditions parses the thresholds and checks that their steps exist.
func conditions(scenario *scenarios.Scenario) ([]threshold.Condition, error) {
	parsed, err := threshold.ParseAll(scenario.Thresholds)
	if err != nil {
		return nil, Refused(err)
	}
	for i, condition := range parsed {
		parsed[i] = condition.About(scenario.Arrivals.Step)
		step := condition.Step()
		if step != "" && !slices.ContainsFunc(scenario.Journey, func(s scenarios.Step) bool { return s.Name == step }) {
			return nil, Refuse("threshold %q names the step %q, which scenario %s does not have", condition.Source, step, scenario.Name)
		}
	}
	return parsed, nil
}

// withDefaults returns the options with 1 for each factor that was left out.
func (o Options) withDefaults() Options {
	o.Scale, o.ScaleSystem, o.Speed = cmp.Or(o.Scale, 1), cmp.Or(o.ScaleSystem, 1), cmp.Or(o.Speed, 1)
	return o
}
