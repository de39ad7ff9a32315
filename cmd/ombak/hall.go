package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// hall holds the controls of a run, which begin to act when the run begins.
type hall struct {
	mu sync.Mutex // guards the rest: a redline plays several runs
	offering
	hide    setup.Mask          // of a live run
	act     drill.Act           // nil before the run begins
	deed    string              // the first action that changed the run, in words; empty if there was none
	began   *scenarios.Scenario // before anything was set
	set     []funnel.Action     // that set something so far, in order of time
	coming  []funnel.Action     // that will, in order of time, where only the rows tell that it was done
	renewed func()              // called when something was set that nobody asked for; may be nil
	twin    atomic.Pointer[twin]
}

var _ live.Controls = (*hall)(nil)

// Offers implements live.Controls.
func (h *hall) Offers() []live.Offer {
	of, began, _, _ := h.now()
	before := of
	before.scenario = began
	return withFormer(of.offers(), before.offers())
}

// withFormer adds to settings the values before the run, where they are others now.
func withFormer(offers, before []live.Offer) []live.Offer {
	for i := range min(len(offers), len(before)) {
		for k := range min(len(offers[i].With), len(before[i].With)) {
			setting, former := &offers[i].With[k], before[i].With[k]
			if setting.Name != former.Name {
				continue
			}
			for part, value := range setting.Now {
				if was := cmp.Or(former.Now[part], "none"); was != value {
					if setting.Was == nil {
						setting.Was = map[string]string{}
					}
					setting.Was[part] = was
				}
			}
		}
	}
	return offers
}

// Preview implements live.Controls.
func (h *hall) Preview(action funnel.Action) (string, error) {
	of, _, hide, _ := h.now()
	text, err := of.preview(action)
	return hide.Text(text), hide.Error(err)
}

// Act implements live.Controls.
func (h *hall) Act(ctx context.Context, action funnel.Action) (time.Duration, error) {
	of, began, hide, act := h.now()
	if _, err := of.preview(action); err != nil {
		return 0, hide.Error(err)
	}
	if act == nil {
		return 0, fmt.Errorf("%w: the run has not begun; wait until it plays", funnel.ErrUnable)
	}
	at, err := act(ctx, action)
	if action.At = at; err == nil {
		h.twin.Load().acted(action)
		h.did(action, began)
	}
	return at, hide.Error(err)
}

// did changes what is offered, unless another run has begun.
func (h *hall) did(action funnel.Action, began *scenarios.Scenario) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.began != began {
		return
	}
	h.pass(action.At)
	h.note(action)
	if h.deed == "" && action.Do != funnel.Remark && action.Do != funnel.Stop {
		h.deed = action.Text()
	}
}

// scheduled changes what is offered after an intervention of the scenario.
func (h *hall) scheduled(action funnel.Action) {
	h.mu.Lock()
	changed := h.note(action)
	h.mu.Unlock()
	if changed && h.renewed != nil {
		h.renewed()
	}
}

// reached changes what is offered by what was to be set up to an instant of the scenario.
func (h *hall) reached(at time.Duration) {
	h.mu.Lock()
	changed := h.pass(at)
	h.mu.Unlock()
	if changed && h.renewed != nil {
		h.renewed()
	}
}

// pass notes what was to be set up to an instant. The lock is held.
func (h *hall) pass(at time.Duration) (changed bool) {
	for len(h.coming) > 0 && h.coming[0].At <= at {
		changed = h.note(h.coming[0]) || changed
		h.coming = h.coming[1:]
	}
	return changed
}

// note keeps an action that sets something, and works out what is set now. The lock is held.
func (h *hall) note(action funnel.Action) (changed bool) {
	if action.Do != funnel.SetService {
		return false
	}
	h.set = funnel.InOrder(append(slices.Clone(h.set), action))
	h.scenario = h.began
	for _, action := range h.set {
		h.offering = h.after(action)
	}
	return true
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
	h.offering, h.began, h.set, h.hide, h.act, h.deed = next.offering, next.began, nil, next.hide, nil, ""
}

// touched returns the first action that changed the present run, in words, or "".
func (h *hall) touched() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.deed
}

// now returns what the present run offers, and its scenario at the beginning.
func (h *hall) now() (offering, *scenarios.Scenario, setup.Mask, drill.Act) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.offering, h.began, h.hide, h.act
}
