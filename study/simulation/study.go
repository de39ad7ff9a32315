package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/ombak-sim/ombak/setup"
)

// Study plays the same replications of several models, so that replication k has the same people in
// all of them.
type Study struct {
	Models   []*setup.Model
	Settings Settings
	Expected func(first, rest time.Duration) // called once, with the time of the first replication and the time that the rest will take
}

// Play returns a result for each model.
func (s Study) Play(ctx context.Context) ([]Result, error) {
	count := max(1, s.Settings.Replications)
	if err := errors.Join(CheckReplications(count), CheckRuns(count*len(s.Models))); err != nil {
		return nil, err
	}
	played := make([]Series, len(s.Models))
	var jobs []job
	for i, model := range s.Models {
		played[i].Model = model
		played[i].grow(count)
		jobs = append(jobs, played[i].jobs(0, count)...)
	}
	settings := s.Settings.Timed(len(jobs), s.Expected)
	settings.Brief = true // comparing plans needs only sums
	if err := play(ctx, shareCrowds(jobs, settings), settings); err != nil {
		return nil, err
	}
	var results []Result
	for i := range played {
		result, err := played[i].Result()
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}
