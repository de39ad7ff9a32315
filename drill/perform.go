package drill

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/mocks"
)

// perform does an action whose time has come.
func (s *stage) perform(ctx context.Context, action funnel.Action) error {
	switch action.Do {
	case funnel.StartFault:
		return s.startFault(ctx, action)
	case funnel.EndFault:
		return s.endFaults(ctx, action)
	case funnel.SetService:
		if action.OnPolicy() {
			return s.setPolicy(ctx, action)
		}
		return s.set(ctx, action)
	case funnel.Arrive, funnel.Hold, funnel.Resume:
		return s.turn(action)
	case funnel.Remark, funnel.Stop:
		s.markAction(action)
	}
	return nil
}

// markAction puts an action on the timeline.
func (s *stage) markAction(action funnel.Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, mark := range funnel.MarksOf([]funnel.Action{action}, s.run.People.Clock().Real, s.run.Scenario.Afflicted) {
		s.addMark(mark)
	}
}

// startFault asks the mocks for a fault. Those of the run put it on the timeline.
func (s *stage) startFault(ctx context.Context, action funnel.Action) error {
	start, err := s.acting.Fault(action)
	if err != nil {
		return err
	}
	if err := s.ask(ctx, http.MethodPost, "/v1/faults", start, nil); err != nil {
		return err
	}
	s.markElsewhere(action)
	return nil
}

// markElsewhere puts a fault of mocks that others started on the timeline.
func (s *stage) markElsewhere(action funnel.Action) {
	if s.run.Service == nil {
		s.markAction(action)
	}
}

// endFaults ends faults that were started by hand.
func (s *stage) endFaults(ctx context.Context, action funnel.Action) error {
	var list mocks.FaultList
	if err := s.ask(ctx, http.MethodGet, "/v1/faults", nil, &list); err != nil {
		return err
	}
	ended := 0
	for _, view := range list.Faults {
		if view.ID == "" || !view.Hand || !s.acting.IsOn(action, view.On) || action.With["fault"] != "" && view.Fault != action.With["fault"] {
			continue
		}
		if err := s.ask(ctx, http.MethodDelete, "/v1/faults/"+url.PathEscape(view.ID), nil, nil); err != nil {
			return err
		}
		ended++
	}
	if ended == 0 {
		return errors.New("no such fault was started by hand; those of the scenario end by themselves")
	}
	s.markElsewhere(action)
	return nil
}

// set gives a mock other settings.
func (s *stage) set(ctx context.Context, action funnel.Action) error {
	mock, service, err := s.acting.Set(action)
	if err != nil {
		return err
	}
	if err := s.ask(ctx, http.MethodPut, "/v1/services/"+url.PathEscape(mock), service, nil); err != nil {
		return err
	}
	s.markAction(action)
	return nil
}

// setPolicy tells the backend, or the gate in front of the service, of other settings of a policy.
func (s *stage) setPolicy(ctx context.Context, action funnel.Action) error {
	change, err := s.acting.Policy(action)
	if err != nil {
		return err
	}
	if s.environment.Gate != nil {
		const patience = 2 * time.Second // the run waits meanwhile
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		err := s.environment.Gate(limited, change)
		switch {
		case errors.As(err, new(Refusal)):
			return err
		case err != nil:
			return fmt.Errorf("%w: the gate does not answer: %w", funnel.ErrUnable, err)
		}
		s.markAction(action)
		return nil
	}
	for _, p := range s.parts {
		if p.name != backendPart {
			continue
		}
		if err := p.Change(Change{Policy: &change}); err != nil {
			return fmt.Errorf("%w: the backend does not answer: %w", funnel.ErrUnable, err)
		}
		s.markAction(action)
		return nil
	}
	return errors.New("the service is not part of this run, so its policies stay as they are")
}

// turn tells the generator who comes from now on.
func (s *stage) turn(action funnel.Action) error {
	turn, err := s.acting.Turn(action)
	if err != nil {
		return err
	}
	for _, p := range s.generators() {
		s.mu.Lock()
		over := p.share.over()
		s.mu.Unlock()
		if over {
			continue
		}
		if err := p.Change(Change{Turns: loadgen.Turns{turn}}); err != nil {
			return fmt.Errorf("%w: the generator does not answer: %w", funnel.ErrUnable, err)
		}
	}
	s.turned = append(s.turned, turn)
	s.markAction(action)
	return nil
}

// ask sends a request to the mocks and decodes the answer into result, unless that is nil.
func (s *stage) ask(ctx context.Context, method, path string, question, result any) error {
	if s.control.URL == "" {
		return errors.New("the dependencies are not mocks of this run")
	}
	const patience = 2 * time.Second // the run waits meanwhile
	err := s.control.Ask(ctx, http.DefaultClient, patience, method, path, question, result)
	if err == nil || errors.As(err, new(Refusal)) {
		return err
	}
	return fmt.Errorf("%w: the mocks do not answer: %w", funnel.ErrUnable, err)
}
