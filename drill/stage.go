package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/setup"
)

// ErrStopped marks a run that somebody stopped.
var ErrStopped = errors.New("the run was stopped")

// stage is where a run is acted on, and seen. Everything runs on the goroutine that plays the run.
type stage struct {
	*conductor
	watched *host.Watched
	orders  funnel.Orders
	timer   *time.Timer // of the next scheduled intervention
	coming  []funnel.Action
	done    []funnel.Action
	acting  *setup.LiveActing
	turned  loadgen.Turns
	judged  time.Time     // when thresholds were judged last
	took    time.Duration // how long that took
}

func newStage(c *conductor, watched *host.Watched) *stage {
	s := &stage{conductor: c, watched: watched, orders: funnel.NewOrders(), acting: c.run.Acting()}
	s.coming = funnel.InOrder(slices.Concat(c.run.Scenario.Actions(), c.run.Schedule))
	s.turned = slices.Clone(c.run.Generator.Turns)
	s.timer = time.NewTimer(time.Hour)
	s.timer.Stop()
	return s
}

// begin lets the run be acted on, from the instant at which it begins.
func (s *stage) begin() {
	for _, action := range s.coming {
		switch action.Do {
		case funnel.Arrive, funnel.Hold, funnel.Resume: // the generator knows; nobody else puts it on the timeline
			s.markAction(action)
		}
	}
	s.schedule()
	if room := s.environment.Room; room != nil && room.Acts != nil {
		room.Acts(s.orders.Act)
	}
}

// close lets nobody act any more.
func (s *stage) close() {
	s.timer.Stop()
	s.orders.Close()
}

// conclude posts the last row and tells what was done, once all parts have stopped.
func (s *stage) conclude() {
	s.cut(true)
	if room := s.environment.Room; room != nil && room.Ended != nil {
		room.Ended(funnel.InOrder(slices.Concat(s.run.Scenario.Actions(), s.done)))
	}
}

// do does an action. It returns an error if that ends the run.
func (s *stage) do(ctx context.Context, order funnel.Order) error {
	action, err := s.dated(order.Action)
	if err == nil {
		err = s.perform(ctx, action)
	}
	if err == nil {
		s.done = append(s.done, action)
	}
	order.Answer(action.At, err)
	if err == nil && action.Do == funnel.Stop {
		return fmt.Errorf("%w%s", ErrStopped, byWhom(action))
	}
	return nil
}

func byWhom(action funnel.Action) string {
	if action.By == "" {
		return ""
	}
	return " by " + action.By
}

// turnNotice is the time in which a change of who comes reaches the generator, so that it decides about everybody by the same
// instant.
const turnNotice = 250 * time.Millisecond

// dated gives an action the whole millisecond of scenario time at which it takes effect.
func (s *stage) dated(action funnel.Action) (funnel.Action, error) {
	now := time.Since(s.began)
	switch action.Do {
	case funnel.Arrive, funnel.Hold, funnel.Resume:
		now += turnNotice
	}
	action.At = max(0, s.run.People.Clock().Scenario(now).Truncate(time.Millisecond)+time.Millisecond)
	return action, s.acting.Check(action)
}

// scheduled returns the channel on which the timer of the next intervention fires.
func (s *stage) scheduled() <-chan time.Time { return s.timer.C }

// schedule sets the timer of the next intervention that the conductor does.
func (s *stage) schedule() {
	for len(s.coming) > 0 && (s.isPlanned(s.coming[0]) || s.isElsewhere(s.coming[0])) {
		s.coming = s.coming[1:]
	}
	if len(s.coming) > 0 {
		s.timer.Reset(time.Until(s.began.Add(s.run.People.Clock().Real(s.coming[0].At))))
	}
}

// isPlanned reports whether the parts have been told of an intervention before the run.
func (s *stage) isPlanned(action funnel.Action) bool {
	switch action.Do {
	case funnel.StartFault, funnel.EndFault:
		return s.run.Service != nil // mocks that others started have their own clock
	case funnel.Arrive, funnel.Hold, funnel.Resume:
		return true
	}
	return false
}

// isElsewhere reports whether an intervention concerns something that is no part of this run.
func (s *stage) isElsewhere(action funnel.Action) bool {
	if action.OnPolicy() && s.environment.Gate != nil {
		return false
	}
	switch action.Do {
	case funnel.StartFault, funnel.EndFault, funnel.SetService:
		return s.control.URL == ""
	}
	return false
}

// doScheduled does the intervention that is due.
func (s *stage) doScheduled(ctx context.Context) error {
	action := s.coming[0]
	s.coming = s.coming[1:]
	defer s.schedule()
	if err := s.perform(ctx, action); err != nil {
		s.warn(fmt.Sprintf("the intervention %q was not done: %v", action.Text(), err))
	} else if room := s.environment.Room; room != nil && room.Did != nil {
		room.Did(action)
	}
	if action.Do == funnel.Stop {
		return fmt.Errorf("%w%s", ErrStopped, byWhom(action))
	}
	return nil
}

// cut posts the row of the second that has ended, or the last row, which ends now.
func (s *stage) cut(last bool) {
	room := s.environment.Room
	if room == nil || room.Post == nil {
		return
	}
	at := (time.Since(s.began) - beatDelay/2).Truncate(time.Second)
	if last {
		at = time.Since(s.began)
	}
	if at <= 0 {
		return
	}
	s.mu.Lock()
	row := s.rows.Cut(at, string(s.phase()))
	s.mu.Unlock()
	row.Machine, row.Processes = s.watched.Latest()
	row.Thresholds, row.Doubts = s.judge(at)
	row.Agents = s.agents()
	row.Doubts = append(row.Doubts, doubtsOf(row.Agents, s.environment.Tolerated)...)
	row.Agents = append(row.Agents, s.placedAgents()...)
	room.Post(row)
}

// judge judges the thresholds, unless that would take more than a tenth of the time.
func (s *stage) judge(at time.Duration) ([]report.Standing, []string) {
	const costly = 10
	if time.Since(s.judged) < costly*s.took {
		return nil, nil
	}
	began := time.Now()
	s.mu.Lock()
	standings, doubts := threshold.Rules{Conditions: s.run.Conditions, Validity: s.run.Validity}.Standings(s.recording, at, s.run.People.Clock().Scenario)
	s.mu.Unlock()
	s.judged = time.Now()
	s.took = s.judged.Sub(began)
	return standings, doubts
}
