package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/workload/fault"
)

// hall holds the controls of a run, which begin to act when the run begins.
type hall struct {
	mu sync.Mutex // guards the rest: a redline plays several runs
	offering
	hide setup.Mask // of a live run
	act  drill.Act  // nil before the run begins
	deed string     // the first action that changed the run, in words; empty if there was none
	twin atomic.Pointer[twin]
}

var _ live.Controls = (*hall)(nil)

// Offers implements live.Controls.
func (h *hall) Offers() []live.Offer {
	of, _, _ := h.now()
	return of.offers()
}

// Preview implements live.Controls.
func (h *hall) Preview(action funnel.Action) (string, error) {
	of, hide, _ := h.now()
	text, err := of.preview(action)
	return hide.Text(text), hide.Error(err)
}

// Act implements live.Controls.
func (h *hall) Act(ctx context.Context, action funnel.Action) (time.Duration, error) {
	of, hide, act := h.now()
	if _, err := of.preview(action); err != nil {
		return 0, hide.Error(err)
	}
	if act == nil {
		return 0, fmt.Errorf("%w: the run has not begun; wait until it plays", funnel.ErrUnable)
	}
	at, err := act(ctx, action)
	if action.At = at; err == nil {
		h.twin.Load().acted(action)
		h.did(action, of.scenario)
	}
	return at, hide.Error(err)
}

// did changes what is offered, unless another run has begun.
func (h *hall) did(action funnel.Action, scenario *scenarios.Scenario) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.scenario == scenario {
		h.offering = h.after(action)
		if h.deed == "" && action.Do != funnel.Remark && action.Do != funnel.Stop {
			h.deed = action.Text()
		}
	}
}

func (h *hall) begins(act drill.Act) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.act = act
}

// enter makes another run the one that is acted on.
func (h *hall) enter(run *setup.Live) {
	next := hallOf(run)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offering, h.hide, h.act, h.deed = next.offering, next.hide, nil, ""
}

// touched returns the first action that changed the present run, in words, or "".
func (h *hall) touched() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.deed
}

// now returns what the present run offers.
func (h *hall) now() (offering, setup.Mask, drill.Act) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.offering, h.hide, h.act
}

// hallOf returns the controls of a live run.
func hallOf(run *setup.Live) *hall {
	h := &hall{hide: run.Mask(), offering: offering{
		scenario: run.Scenario, refused: unturnable(run.MayTurn()),
		suits: func(fault.Kind) bool { return true }, settable: slices.Sorted(maps.Keys(run.Scenario.Dependencies)), live: true,
	}}
	if run.Service == nil {
		h.outside = "the service has its policies itself"
		for _, deed := range []funnel.Deed{funnel.StartFault, funnel.EndFault, funnel.SetService} {
			h.refused[deed] = "the dependencies are not mocks of this run"
		}
	}
	if len(h.settable) == 0 {
		h.refused[funnel.SetService] = "the scenario has no dependency, and the service is not a model"
	}
	return h
}

// openLiveRoom serves the page of a live run if --live is given. The generator is then ready for changes of who comes.
func openLiveRoom(c *cli.Context, s streams, run *setup.Live, folder string) (*room, error) {
	controls := hallOf(run)
	described := describeRun(&run.Planned, c.Command.Name, string(report.Live))
	described.CPUs = host.Machine().CPUs
	page, err := openRoom(c, s, described, controls, folder)
	if page == nil || err != nil {
		return page, err
	}
	page.hall = controls
	run.Generator.Acted = run.Generator.Acted || run.MayTurn() == nil
	return page, nil
}

// conducted returns what a conductor does with the page, and with the rows of --json.
func (r *room) conducted(c *cli.Context, s streams) *drill.Room {
	rows := json.NewEncoder(s.err)
	asJSON := func(row report.Second) { _ = rows.Encode(row) } // a closed standard error is not an error
	switch {
	case r == nil && c.Bool("json") && !c.Bool("quiet"):
		return &drill.Room{Post: asJSON}
	case r == nil:
		return nil
	}
	return &drill.Room{
		Post: func(row report.Second) {
			r.post(row)
			r.hall.twin.Load().seen(row)
			if c.Bool("json") && !c.Bool("quiet") {
				asJSON(row)
			}
		},
		Await: func(context.Context) error { return r.await(c) },
		Acts:  r.hall.begins,
		Ended: func(actions []funnel.Action) { r.actions = actions },
	}
}

// writeReplay writes what repeats a live run, if anybody acted.
func (r *room) writeReplay(c *cli.Context, run *setup.Planned) ([]string, error) {
	if r == nil {
		return nil, nil
	}
	return writeReplay(c, run, r.actions, r.folder)
}

// foretell simulates a live run beside it, if its scenario can be simulated.
func (r *room) foretell(c *cli.Context, run *setup.Live) *twin {
	if r == nil {
		return nil
	}
	options := run.Options
	options.Watch, options.Targets, options.Vars = nil, nil, nil
	own := startTwin(c, r, run.Validity.MaxScheduleLagP99, func(share float64) (*setup.Model, error) { return scaledModel(c, options, share) })
	r.hall.twin.Store(own)
	return own
}
