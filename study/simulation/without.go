package simulation

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// Worlds plays a run with all actions that were taken, and without one of them. Replication k has the same people in every
// world.
type Worlds struct {
	model        *setup.Model
	actions      []funnel.Action
	replications int
	share        float64 // of the people and of the servers that the model has
	with         []Replication
}

// NewWorlds plays the run with all actions. Share is the part of the people and of the servers that the model has.
func NewWorlds(ctx context.Context, model *setup.Model, actions []funnel.Action, replications int, share float64) (*Worlds, error) {
	w := &Worlds{model: model, actions: slices.Clone(actions), replications: replications, share: share}
	var err error
	w.with, err = w.play(ctx, -1)
	return w, err
}

// play plays the replications of the world without one action, or with all if left is below 0. Their numbers are those of
// [Predict].
func (w *Worlds) play(ctx context.Context, left int) ([]Replication, error) {
	own := *w.model
	acting, err := w.model.Acting()
	if err != nil {
		return nil, err
	}
	own.Config.Interventions = slices.Clone(w.model.Config.Interventions)
	for i, action := range w.actions {
		if i == left {
			continue
		}
		does, err := acting.Do(action)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", action.Text(), err)
		}
		own.Config.Interventions = append(own.Config.Interventions, does)
	}
	own.Config.Open = true // people come in the same order in every world
	var player sim.Player
	var all []Replication
	settings := Settings{Brief: true, Lean: true}
	for number := range w.replications {
		played, err := replicate(ctx, &own, &player, settings.replication(own.Config, number+firstTwin), number+firstTwin, settings)
		if err != nil {
			return nil, err
		}
		all = append(all, played.figures)
	}
	return all, nil
}

// Without compares the world with all actions and the one without the action of an index.
func (w *Worlds) Without(ctx context.Context, index int) (report.ActionEffect, error) {
	action := w.actions[index]
	effect := report.ActionEffect{ScenarioS: action.At.Seconds(), Text: action.Text()}
	without, err := w.play(ctx, index)
	if err != nil {
		return effect, err
	}
	prices := w.model.Scenario.Prices()
	for _, figure := range worldFigures {
		if figure.name == "cost" && !prices.Known() {
			continue
		}
		factor, apart := 1.0, 0.0
		if figure.grows {
			factor = 1 / w.share
		}
		if figure.name == "cost" { // what is fixed does not grow with the servers
			apart = prices.Fixed
		}
		effect.Figures = append(effect.Figures, compared(figure.name, w.with, without, func(r Replication) float64 { return apart + (figure.of(r)-apart)*factor }))
	}
	return effect, nil
}

// worldFigures are the figures by which worlds are compared. Those that grow do so with the number of people.
var worldFigures = []struct {
	name  string
	grows bool
	of    func(Replication) float64
}{
	{"finished", true, func(r Replication) float64 { return r.Finished }},
	{"gave_up", true, func(r Replication) float64 { return r.GaveUp }},
	{"goodput_per_s", true, func(r Replication) float64 { return r.GoodputPerS }},
	{"waited_min", true, func(r Replication) float64 { return r.WaitedMin }},
	{"response_p99_s", false, func(r Replication) float64 { return r.P99S }},
	{"worst_p99_s", false, func(r Replication) float64 { return r.WorstP99S }},
	{"cost", true, func(r Replication) float64 { return r.Cost }},
}

// compared returns the means of a figure in two worlds, and the interval of their difference by the paired t method.
func compared(name string, with, without []Replication, of func(Replication) float64) report.WorldFigure {
	figure := report.WorldFigure{Figure: name}
	var differences, have, lack []float64
	for k := range with {
		have, lack = append(have, of(with[k])), append(lack, of(without[k]))
		differences = append(differences, have[k]-lack[k])
	}
	figure.With, figure.Without = mean(have), mean(lack)
	figure.Difference = figure.With - figure.Without
	if interval := sim.IntervalOf(differences); !math.IsInf(interval.HalfWidth, 0) && !math.IsNaN(interval.HalfWidth) {
		figure.CI95 = &[2]float64{interval.Mean - interval.HalfWidth, interval.Mean + interval.HalfWidth}
	}
	return figure
}
