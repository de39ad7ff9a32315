package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/sim"
)

// Runner plays jobs somewhere. Play plays each of them once, in any order, and stores its result: with [Job.Settle], if it
// was played elsewhere. It calls settings.Done after each, and settings.Passed as simulated time passes; both may be nil, and
// several goroutines may call them. It returns once nothing plays any more. When the context ends, it may leave jobs out.
type Runner interface {
	Play(ctx context.Context, jobs []*Job, settings Settings) error
}

// here plays jobs in this process, several at once.
type here struct{}

var _ Runner = here{}

// Play implements Runner.
func (here) Play(ctx context.Context, jobs []*Job, settings Settings) error {
	faults := make([]error, len(jobs))
	places := make(chan int)
	var working sync.WaitGroup
	for range min(settings.workers(), len(jobs)) {
		working.Go(func() {
			var player sim.Player
			for place := range places {
				faults[place] = jobs[place].play(ctx, &player, settings)
				jobs[place].crowd = nil // the last job of a crowd frees it
				if settings.Done != nil && faults[place] == nil {
					settings.Done()
				}
			}
		})
	}
	for place := range jobs {
		if ctx.Err() != nil {
			break
		}
		places <- place
	}
	close(places)
	working.Wait()
	return errors.Join(faults...)
}

// play plays the replication and stores its results.
func (j *Job) play(ctx context.Context, player *sim.Player, settings Settings) error {
	config := j.crowd.withCallers(settings.replication(j.into.Model.Config, j.number))
	played, err := replicate(ctx, j.into.Model, player, config, j.number, settings)
	if err != nil {
		return err
	}
	j.into.put(j.number, played)
	if j.keep == nil {
		return nil
	}
	result, err := played.pack()
	if err != nil {
		return err
	}
	return j.keep(result)
}

// play plays replications where the settings say.
func play(ctx context.Context, jobs []*Job, settings Settings) error {
	var mu sync.Mutex // guards settings.Done and settings.Passed
	if passed := settings.Passed; passed != nil {
		settings.Passed = func(by time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			passed(by)
		}
	}
	if done := settings.Done; done != nil {
		settings.Done = func() {
			mu.Lock()
			defer mu.Unlock()
			done()
		}
	}
	var runner Runner = here{}
	if settings.Runner != nil {
		runner = settings.Runner
	}
	err := runner.Play(ctx, jobs, settings)
	if stopped := ctx.Err(); stopped != nil {
		return fmt.Errorf("the simulations did not come to their end, so nothing is written: %w", stopped)
	}
	return err
}
