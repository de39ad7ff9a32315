package drill

import (
	"context"
	"errors"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/units"
)

// beginning is how long a run is played to foretell how long all of it takes.
const beginning = 200 * time.Millisecond

// Foretold is how long one replication will take, by its beginning. People come in a rush or all day
// long, and what they leave behind is worked off later, so that neither the share of the people nor
// that of the time tells how much of the work is done: the two bound it.
type Foretold struct {
	Least, Most time.Duration
}

// Foretell plays the beginning of a run's first replication, and throws it away.
func Foretell(ctx context.Context, run *Run) (Foretold, error) {
	config := run.replication(0, Simulating{})
	steps := journey.New(config.Journey, nil).Funnel()
	observers := recorder.NewRecorder(steps, 1, recorder.NewRecording(steps).Add)
	seen := &beginner{ShardObserver: observers.Observer(0)}
	brief, stop := context.WithTimeout(ctx, beginning)
	defer stop()
	began := time.Now()
	_, err := sim.Run(brief, config, func(int) funnel.Observer { return seen })
	took := time.Since(began)
	observers.Close()
	switch {
	case err == nil:
		return Foretold{took, took}, nil
	case ctx.Err() != nil:
		return Foretold{}, ctx.Err()
	case !errors.Is(err, context.DeadlineExceeded):
		return Foretold{}, err
	}
	people, past := float64(max(1, run.Offered.Scheduled))/max(1, seen.entered), float64(config.Until)/max(1, float64(seen.latest))
	return Foretold{times(took, min(people, past)), times(took, max(people, past))}, nil
}

// beginner records, and notes how far a run is.
type beginner struct {
	*recorder.ShardObserver
	entered float64 // people
	latest  time.Duration
}

// Enter implements [funnel.Observer].
func (b *beginner) Enter(step int, intended time.Duration) {
	if step == 0 {
		b.entered++
	}
	b.ShardObserver.Enter(step, intended)
}

// Observe implements [funnel.Observer].
func (b *beginner) Observe(sample funnel.Sample) {
	b.latest = max(b.latest, sample.End)
	b.ShardObserver.Observe(sample)
}

func times(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) * max(1, factor))
}

// Of tells how long so many runs take, several at once.
func (f Foretold) Of(runs int, how Simulating) Foretold {
	rounds := float64(runs) / float64(min(how.workers(), max(1, runs)))
	return Foretold{times(f.Least, rounds), times(f.Most, rounds)}
}

// String is a time or, where the two are far from each other, both.
func (f Foretold) String() string {
	spell := func(d time.Duration) string { return units.Time(d.Round(10 * time.Millisecond).Seconds()) }
	if f.Most < f.Least+f.Least/2 {
		return spell((f.Least + f.Most) / 2)
	}
	return spell(f.Least) + " to " + spell(f.Most)
}
