package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// withoutPatience is how long the report of a run waits for the worlds without its actions.
const withoutPatience = 90 * time.Second

// hadWeNot simulates a run that has ended without each of its actions, the last one first, and shows what the last one changed.
// It returns nil if nobody acted, nothing was foretold, or the context ends.
func (t *twin) hadWeNot(ctx context.Context, page *room) *report.HadWeNot {
	if t == nil {
		return nil
	}
	t.stop()
	actions := t.taken()
	var each []int // indexes of the actions that a world is without, the last one first
	for i, action := range slices.Backward(actions) {
		if action.Do != funnel.Stop {
			each = append(each, i)
		}
	}
	if len(each) == 0 || ctx.Err() != nil {
		return nil
	}
	const long = 3 // actions
	if len(each) >= long {
		fmt.Fprintf(page.err, "simulating the run without each of %d actions, for %v at most; Ctrl-C leaves that out of the report\n", len(each), withoutPatience)
	}
	limited, cancel := context.WithTimeout(ctx, withoutPatience)
	defer cancel()
	made, err := t.worlds(limited, actions, each)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		fmt.Fprintf(page.err, "what the actions changed is not known: %v\n", err)
		t.board.Foretell(live.Forecast{Says: "What the actions changed is not known: " + err.Error()})
		return nil
	}
	last := t.latest
	last.Says = made.Sentence
	t.board.Foretell(last)
	return made
}

// taken returns what was done so far.
func (t *twin) taken() []funnel.Action {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.actions)
}

// worlds compares the world with all actions with those without one.
func (t *twin) worlds(ctx context.Context, actions []funnel.Action, each []int) (*report.HadWeNot, error) {
	if !t.sized {
		if err := t.shrink(ctx); err != nil {
			return nil, err
		}
	}
	worlds, err := simulation.NewWorlds(ctx, t.model, actions, t.replications, t.share)
	if err != nil {
		return nil, err
	}
	made := &report.HadWeNot{Replications: t.replications, Actions: []report.ActionEffect{}}
	if t.share < 1 {
		made.Share = t.share
	}
	for _, index := range each {
		effect, err := worlds.Without(ctx, index)
		switch {
		case len(made.Actions) == 0 && ctx.Err() != nil:
			return nil, err
		case err != nil: // a later action rests on it, or there is no time left
			made.LeftOut++
			continue
		}
		effect.Sentence = t.changed(effect)
		if made.Sentence == "" {
			made.Sentence = effect.Sentence
		}
		if _, priced := effect.Figure("cost"); priced {
			made.Currency = t.model.Scenario.Prices().Currency
		}
		made.Actions = append(made.Actions, effect)
	}
	slices.Reverse(made.Actions)
	if len(made.Actions) == 0 {
		return nil, errors.New("no world without one of them can be simulated")
	}
	return made, nil
}

// changed says in a sentence what an action changed, with the error of the difference.
func (t *twin) changed(effect report.ActionEffect) string {
	through, _ := effect.Figure("finished")
	lost, _ := effect.Figure("gave_up")
	if math.Round(through.Difference) == 0 && math.Round(lost.Difference) == 0 {
		return unchanged(effect.Text)
	}
	sentence := changedBy(effect.Text, within(through), t.last(), within(lost))
	if through.Chance() && lost.Chance() {
		sentence += " Chance alone may explain that."
	}
	return sentence
}

// within writes a difference of people and its error, as in 36 (±4) more.
func within(figure report.WorldFigure) string {
	text := difference(math.Round(figure.Difference))
	if figure.CI95 == nil {
		return text
	}
	return fmt.Sprintf("%s (±%s)", text, units.Count(math.Ceil((figure.CI95[1]-figure.CI95[0])/2)))
}

// last returns the name of the last step.
func (t *twin) last() string {
	return t.model.Scenario.Journey[len(t.model.Scenario.Journey)-1].Name
}

// unchanged says that an action changed nothing.
func unchanged(did string) string {
	return fmt.Sprintf("Had we not (%s): the simulations come out the same without it.", did)
}

// changedBy says what an action changed: how many more or fewer people get through the last step, and are lost.
func changedBy(did, through, last, lost string) string {
	return fmt.Sprintf("Had we not (%s): with it, %s people get through %s, and %s are turned away, fail or give up.", did, through, last, lost)
}
