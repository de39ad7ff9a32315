package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/units"
)

// trialTime is how long a replication is played to estimate how long all of it takes.
const trialTime = 200 * time.Millisecond

// TimeEstimate bounds how long one replication takes, extrapolated from its trialTime. Neither the share of
// the people nor the share of the time that has passed equals the share of the work done, because people may
// come in a rush and their work may be done later. The two shares bound it.
type TimeEstimate struct {
	Least, Most time.Duration
}

// EstimateTime plays the trialTime of a model's first replication and discards it.
func EstimateTime(ctx context.Context, model *setup.Model) (TimeEstimate, error) {
	config := Settings{}.replication(model.Config, 0)
	steps := config.Journey.Funnel()
	observers := recorder.NewRecorder(steps, 1, recorder.NewRecording(steps).Add)
	seen := &progressRecorder{ShardObserver: observers.Observer(0)}
	brief, stop := context.WithTimeout(ctx, trialTime)
	defer stop()
	began := time.Now()
	_, err := sim.Run(brief, config, func(int) funnel.Observer { return seen })
	took := time.Since(began)
	observers.Close()
	switch {
	case err == nil:
		return TimeEstimate{took, took}, nil
	case ctx.Err() != nil:
		return TimeEstimate{}, ctx.Err()
	case !errors.Is(err, context.DeadlineExceeded):
		return TimeEstimate{}, err
	}
	people, past := float64(max(1, model.Offered.Scheduled))/max(1, seen.entered, seen.started), float64(config.Until)/max(1, float64(seen.latest))
	return TimeEstimate{scaled(took, min(people, past)), scaled(took, max(people, past))}, nil
}

// progressRecorder records, and notes how far the replication is.
type progressRecorder struct {
	*recorder.ShardObserver
	entered float64 // people at the first step
	started float64 // people at the step at which they arrive
	latest  time.Duration
}

// Enter implements [funnel.Observer].
func (b *progressRecorder) Enter(step int, intended time.Duration) {
	if step == 0 {
		b.entered++
	}
	b.ShardObserver.Enter(step, intended)
}

// Started implements [funnel.Crowd].
func (b *progressRecorder) Started() {
	b.started++
	b.ShardObserver.Started()
}

// Observe implements [funnel.Observer].
func (b *progressRecorder) Observe(sample funnel.Sample) {
	b.latest = max(b.latest, sample.End)
	b.ShardObserver.Observe(sample)
}

func scaled(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) * max(1, factor))
}

// Of returns the time for a number of replications, several played at once.
func (f TimeEstimate) Of(runs int, settings Settings) TimeEstimate {
	rounds := float64(runs) / float64(min(settings.workers(), max(1, runs)))
	return TimeEstimate{scaled(f.Least, rounds), scaled(f.Most, rounds)}
}

// String returns one time, or both bounds if they are far apart.
func (f TimeEstimate) String() string {
	spell := func(d time.Duration) string { return units.Duration(d.Round(10 * time.Millisecond)) }
	if f.Most < f.Least+f.Least/2 {
		return spell((f.Least + f.Most) / 2)
	}
	return spell(f.Least) + " to " + spell(f.Most)
}
