package simulation

import (
	"context"
	"errors"
	"slices"
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
	return s.PlayLooks(ctx, []int{max(1, s.Settings.Replications)}, func([][]Replication) []bool { return nil })
}

// PlayLooks plays the replications of a study in rounds, and returns a result for each model. Looks are the numbers of
// replications at the end of each round, ascending. After every round, goOn gets all replications so far, by model, and
// reports which models are played in the next round; the study ends when it names none, and after the last round. A model
// that is left out once stays out. Replication k of a model is the same whatever round it is played in.
func (s Study) PlayLooks(ctx context.Context, looks []int, goOn func(played [][]Replication) []bool) ([]Result, error) {
	most := looks[len(looks)-1]
	if err := errors.Join(CheckReplications(looks[0]), CheckReplications(most), CheckRuns(most*len(s.Models))); err != nil {
		return nil, err
	}
	played := make([]Series, len(s.Models))
	for i, model := range s.Models {
		played[i].Model = model
	}
	settings := s.Settings.Timed(looks[0]*len(s.Models), s.Expected)
	settings.Brief = true // comparing plans needs only sums
	on := slices.Repeat([]bool{true}, len(s.Models))
	for _, count := range looks {
		if !slices.Contains(on, true) {
			break
		}
		if err := play(ctx, shareCrowds(round(played, on, count), settings), settings); err != nil {
			return nil, err
		}
		for i, goes := range goOn(replicationsOf(played)) {
			on[i] = on[i] && goes
		}
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

// round returns the jobs that bring every model that goes on to count replications.
func round(played []Series, on []bool, count int) (jobs []*Job) {
	for i := range played {
		if first := len(played[i].reports); on[i] {
			played[i].grow(count)
			jobs = append(jobs, played[i].jobs(first, count)...)
		}
	}
	return jobs
}

// replicationsOf returns the replications of every series.
func replicationsOf(played []Series) (all [][]Replication) {
	for i := range played {
		all = append(all, played[i].Replications)
	}
	return all
}
