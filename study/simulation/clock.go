package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Clock says how a [Paced] run follows the clock of the wall. It is no part of the scenario and changes no result.
type Clock struct {
	Pace   float64       // seconds of the run in one of the wall clock; 0 means that nothing waits for the wall clock
	Paused bool          // virtual time stands still
	At     time.Duration // scenario time at which the clock was turned last
	Until  time.Duration // scenario time up to which the run plays at once, to pause there; 0 if there is none
}

// wall is the clock of a run that plays.
type wall struct {
	Clock
	since time.Time     // when it was turned last
	from  time.Duration // real time of the run then
	turns chan turn
	tell  func(Clock) // called when it was turned; may be nil
}

// turn is a change of the clock that somebody waits for.
type turn struct {
	change func(*Clock)
	answer chan<- turned
}

type turned struct {
	clock Clock
	err   error
}

// due returns the real time up to which the run may be played now, at most next.
func (w *wall) due(next time.Duration) time.Duration {
	switch {
	case w.Paused:
		return w.from
	case w.Pace == 0 || w.Until > 0:
		return next
	}
	return time.Duration(min(float64(next), float64(w.from)+w.Pace*float64(time.Since(w.since))))
}

// Tell makes Play call tell whenever the clock was turned. Call it before Play.
func (p *Paced) Tell(tell func(Clock)) { p.wall.tell = tell }

// Turn changes how the run follows the clock of the wall, and returns the clock afterwards. A run pauses at the end of the row
// that plays, so that all that has happened is in a row. Any goroutine may call it while Play runs.
func (p *Paced) Turn(ctx context.Context, change func(*Clock)) (Clock, error) {
	answers := make(chan turned, 1)
	select {
	case p.wall.turns <- turn{change, answers}:
		done := <-answers
		return done.clock, done.err
	case <-p.orders.Over():
		return Clock{}, funnel.ErrOver
	case <-ctx.Done():
		return Clock{}, ctx.Err()
	}
}

// turn changes the clock.
func (p *Paced) turn(ctx context.Context, change func(*Clock)) (Clock, error) {
	clock := p.wall.Clock
	if change(&clock); clock.Until > 0 && clock.Until <= p.scenarioTime() {
		return clock, fmt.Errorf("the clock is at %v already; give a later instant", p.scenarioTime().Round(time.Millisecond))
	}
	if clock.Paused && !p.wall.Paused && p.play.Reached() > p.feed.next-p.feed.width { // a row has begun
		if err := p.reach(ctx, p.feed.next); err != nil {
			return clock, err
		}
	}
	p.set(clock)
	return p.wall.Clock, nil
}

// set makes the run follow the clock from now on.
func (p *Paced) set(clock Clock) {
	clock.At = p.scenarioTime()
	p.wall.Clock, p.wall.since, p.wall.from = clock, time.Now(), p.play.Reached()
	if p.wall.tell != nil {
		p.wall.tell(clock)
	}
}

// halt pauses a run that was to play up to an instant and has reached it.
func (p *Paced) halt() {
	if clock := p.wall.Clock; clock.Until > 0 && p.scenarioTime() >= clock.Until {
		clock.Paused, clock.Until = true, 0
		p.set(clock)
	}
}

// scenarioTime returns the scenario time that has been reached.
func (p *Paced) scenarioTime() time.Duration {
	return p.config.Journey.Clock.Scenario(p.play.Reached())
}
