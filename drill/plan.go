package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/scenarios"
)

// LeftOut is a plan that cannot be simulated, and why.
type LeftOut struct {
	Plan   string `json:"plan"`
	Reason string `json:"reason"`
}

// NewSimulations maps a scenario to a run for each plan; where none is named, those of the scenario's
// compare, or all its plans. Those
// that cannot be simulated are left out, with the reason; where none can be, that is ErrRefused.
func NewSimulations(scenario *scenarios.Scenario, options Options, plans []string) ([]*Run, []LeftOut, error) {
	if len(plans) == 0 {
		plans = scenario.Compare
	}
	if len(plans) == 0 {
		for _, plan := range scenario.Plans {
			plans = append(plans, plan.Name)
		}
	}
	var runs []*Run
	var left []LeftOut
	var offered *recorder.OfferedFacts // the same under all plans, but where people take turns
	for _, plan := range plans {
		if _, err := scenario.WithPlan(plan); err != nil {
			return nil, nil, refusal{err}
		}
		options.Plan = plan
		run, err := newSimulation(scenario, options, &offered)
		if err != nil {
			left = append(left, LeftOut{plan, err.Error()})
			continue
		}
		runs = append(runs, run)
	}
	switch {
	case len(runs) == 0 && len(left) > 0:
		return nil, left, refuse("no plan of scenario %s can be simulated: %s", scenario.Name, left[0].Reason)
	case len(runs) == 0:
		return nil, nil, refuse("scenario %s has no plans to compare; add some, or use ombak simulate", scenario.Name)
	}
	return runs, left, nil
}

// Study plays the same replications of several runs, so that replication k has the same people in
// all of them. The first that is done tells how long the others will take.
type Study struct {
	Runs     []*Run
	How      Simulating
	Expected func(first time.Duration, rest time.Duration) // told once: what one replication took, and what the rest will take
}

// Play returns a simulation for each run.
func (s Study) Play(ctx context.Context) ([]Simulation, error) {
	count := max(1, s.How.Replications)
	if err := errors.Join(CheckReplications(count), CheckRuns(count*len(s.Runs))); err != nil {
		return nil, err
	}
	played := make([]series, len(s.Runs))
	var jobs []job
	for i, run := range s.Runs {
		played[i].grow(count)
		jobs = append(jobs, played[i].jobs(run, 0, count)...)
	}
	how := s.timed(len(jobs))
	how.Brief = true // plans are compared by sums
	if err := play(ctx, sharing(jobs, how), how); err != nil {
		return nil, err
	}
	var simulations []Simulation
	for i, run := range s.Runs {
		average, err := recorder.Average(played[i].reports)
		if err != nil {
			return nil, fmt.Errorf("plan %s: %w", run.Scenario.Plan(), err)
		}
		simulations = append(simulations, run.simulation(average, played[i]))
	}
	return simulations, nil
}

// timed tells once how long it all will take.
func (s Study) timed(jobs int) Simulating {
	how, began, done := s.How, time.Now(), 0
	how.Done = func() {
		if done++; done == 1 && s.Expected != nil {
			first := time.Since(began)
			s.Expected(first, first*time.Duration(max(0, jobs-how.workers()))/time.Duration(how.workers()))
		}
		if s.How.Done != nil {
			s.How.Done()
		}
	}
	return how
}
