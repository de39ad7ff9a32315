package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Play is a run that is played step by step on one goroutine. How it is divided into steps changes nothing: what happens
// depends on the config and on the interventions alone.
type Play struct {
	player  *Player
	model   *model
	stop    func() // ends the drawing of people
	reached time.Duration
	pending []Intervention // in order of time
	stopped bool
}

// errPast is the error of an intervention before an instant that has been reached.
var errPast = errors.New("sim: an intervention lies in the past")

// Begin prepares a run at time 0. Every Play must be ended before the player begins another.
func (p *Player) Begin(config Config, observer func(shard int) funnel.Observer) (*Play, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	p.engine.Reset()
	p.tables.empty()
	m := newModel(config, observer(0), &p.engine, p.tables)
	play := &Play{player: p, model: m, pending: slices.Clone(config.Interventions)}
	slices.SortStableFunc(play.pending, func(a, b Intervention) int { return cmp.Compare(a.At, b.At) })
	m.blocks, play.stop = iter.Pull(m.config.everyone())
	m.begin()
	return play, nil
}

// Reach plays everything before an instant. Interventions up to it take effect, each before anything else that happens at
// its own instant. Nothing is played beyond the end of the run.
func (p *Play) Reach(ctx context.Context, at time.Duration) error {
	at = min(at, p.model.config.Until)
	for !p.stopped {
		if err := ctx.Err(); err != nil {
			return err
		}
		until, due := at, len(p.pending) > 0 && p.pending[0].At <= at
		if due {
			until = max(p.pending[0].At, p.reached)
		}
		if err := p.model.play(ctx, until); err != nil {
			return err
		}
		p.reached = max(p.reached, until)
		p.model.engine.Advance(p.reached)
		if !due {
			return nil
		}
		p.apply()
	}
	return nil
}

// apply applies the first pending intervention.
func (p *Play) apply() {
	now := p.pending[0]
	p.pending = p.pending[1:]
	p.model.intervene(now)
	p.stopped = p.stopped || now.Stop
}

// Intervene adds an intervention that takes effect with the next [Play.Reach] of its instant. The config must be Open.
func (p *Play) Intervene(i Intervention) error {
	if !p.model.config.Open {
		return errors.New("sim: interventions can be added only to an open run")
	}
	if i.At < p.reached {
		return errPast
	}
	if err := i.validate(&p.model.config); err != nil {
		return fmt.Errorf("sim: an intervention at %v: %w", i.At, err)
	}
	place, _ := slices.BinarySearchFunc(p.pending, i.At, func(other Intervention, at time.Duration) int {
		if other.At <= at {
			return -1 // it comes after those of its instant
		}
		return 1
	})
	p.pending = slices.Insert(p.pending, place, i)
	return nil
}

// Reached returns the instant before which everything has been played.
func (p *Play) Reached() time.Duration { return p.reached }

// Over reports whether the run has come to its end.
func (p *Play) Over() bool { return p.stopped || p.reached >= p.model.config.Until }

// Now returns a reading of every station and gate at the instant that has been reached.
func (p *Play) Now() []funnel.Reading {
	kept := p.model.readings
	p.model.readings = nil
	p.model.read()
	now := p.model.readings
	p.model.readings = kept
	return now
}

// End ends the run and returns its result.
func (p *Play) End() Result {
	p.stop()
	if !p.stopped {
		p.model.engine.Advance(p.model.config.Until)
	}
	p.model.read()
	p.player.tables = p.model.tables
	result := p.model.result()
	result.Stopped = p.stopped
	return result
}
