package simulation

import (
	"context"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// Result is the result of simulating a plan.
type Result struct {
	Report       report.Report
	Replications []Replication     // by number
	Gates        []Gate            // of replication 0
	Bottleneck   report.Bottleneck // of replication 0
	Priced       bool              // the scenario's prices are not empty
	Currency     string            // of the prices
	Noun         string            // what people do at the step of the arrivals, in the plural
}

// The number of replications that estimate how many are needed, and the most played for a precision.
const (
	pilot           = 5
	maxForPrecision = 1000
)

// Simulate plays all replications of a model, several at once, and returns their average. The report does not
// depend on how many are played at once.
func Simulate(ctx context.Context, model *setup.Model, settings Settings) (Result, error) {
	count := max(1, settings.Replications)
	if settings.Antithetic && count%2 != 0 {
		return Result{}, setup.Refuse("%d antithetic replications do not form pairs; give an even number", settings.Replications)
	}
	if err := CheckReplications(count); err != nil {
		return Result{}, err
	}
	s := &Series{Model: model}
	if err := s.Extend(ctx, settings, count); err != nil {
		return Result{}, err
	}
	if settings.Precision > 0 {
		if err := s.extendToPrecision(ctx, settings); err != nil {
			return Result{}, err
		}
	}
	independent, err := s.independent(settings)
	if err != nil {
		return Result{}, err
	}
	return independent.Result()
}

// extendToPrecision plays replications until the number of people who finish is known precisely enough.
func (s *Series) extendToPrecision(ctx context.Context, settings Settings) error {
	if err := s.Extend(ctx, settings, max(len(s.reports), settings.apiece()*pilot)); err != nil {
		return err
	}
	independent, err := s.independent(settings)
	if err != nil {
		return err
	}
	var finished []float64
	for _, replication := range independent.Replications {
		finished = append(finished, replication.Finished)
	}
	return s.Extend(ctx, settings, min(settings.apiece()*sim.Enough(finished, settings.Precision), maxForPrecision))
}
