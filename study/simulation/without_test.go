package simulation

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// worldsOf plays smoke with actions and without one of them.
func worldsOf(t *testing.T, actions []funnel.Action, index, replications int, share float64) report.ActionEffect {
	t.Helper()
	worlds, err := NewWorlds(t.Context(), modelOf(t, smoke(t)), actions, replications, share)
	if err != nil {
		t.Fatal(err)
	}
	effect, err := worlds.Without(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	return effect
}

func figureOf(t *testing.T, effect report.ActionEffect, name string) report.WorldFigure {
	t.Helper()
	figure, known := effect.Figure(name)
	if !known {
		t.Fatalf("%s is not known", name)
	}
	return figure
}

// An outage costs people, and an action that changes nothing changes no figure at all, because both worlds have the same people.
func TestWorldsWithoutAnAction(t *testing.T) {
	outage := funnel.Action{At: 2 * time.Second, Do: funnel.StartFault, On: "dukcapil", With: map[string]string{"fault": "dukcapil-outage"}, For: 5 * time.Second, By: "Rina"}
	nothing := funnel.Action{At: 3 * time.Second, Do: funnel.Arrive, With: map[string]string{"factor": "1"}}
	actions := []funnel.Action{outage, nothing}
	effect := worldsOf(t, actions, 0, 5, 1)
	finished := figureOf(t, effect, "finished")
	if effect.ScenarioS != 2 || effect.Text != outage.Text() || !(finished.Difference < 0) || finished.Chance() || finished.CI95[1] >= 0 {
		t.Errorf("the outage: %+v", effect)
	}
	for _, figure := range effect.Figures {
		if math.Abs(figure.With-figure.Without-figure.Difference) > 1e-9 {
			t.Errorf("%+v does not add up", figure)
		}
	}
	for _, figure := range worldsOf(t, actions, 1, 5, 1).Figures {
		if figure.Difference != 0 || *figure.CI95 != [2]float64{} {
			t.Errorf("an action that changes nothing: %+v", figure)
		}
	}
	if one := figureOf(t, worldsOf(t, actions, 0, 1, 1), "finished"); one.CI95 != nil || !one.Chance() {
		t.Errorf("one replication has no error: %+v", one)
	}
	if _, priced := effect.Figure("cost"); priced != modelOf(t, smoke(t)).Scenario.Prices().Known() {
		t.Error("a cost is known only if something has a price")
	}
}

// The report says of the last action what the page says of it: both play the same replications.
func TestWorldsAgreeWithPredictions(t *testing.T) {
	actions := rehearsal()
	last := len(actions) - 1
	effect := worldsOf(t, actions, last, 3, 1)
	model := modelOf(t, smoke(t))
	for _, row := range []struct {
		actions []funnel.Action
		of      func(report.WorldFigure) float64
	}{
		{actions, func(f report.WorldFigure) float64 { return f.With }},
		{actions[:last], func(f report.WorldFigure) float64 { return f.Without }},
	} {
		foretold, err := Predict(t.Context(), model, row.actions, 3, nil)
		if err != nil {
			t.Fatal(err)
		}
		if through, lost := row.of(figureOf(t, effect, "finished")), row.of(figureOf(t, effect, "gave_up")); math.Abs(through-foretold.Through) > 1e-9 || math.Abs(lost-foretold.Lost) > 1e-9 {
			t.Errorf("after %d actions %v finish and %v are lost; the page says %v and %v", len(row.actions), through, lost, foretold.Through, foretold.Lost)
		}
	}
}

// Of a model with a part of the people, counts are those of all, and times as they are.
func TestWorldsOfAShare(t *testing.T) {
	actions := rehearsal()[:2]
	whole, half := worldsOf(t, actions, 1, 2, 1), worldsOf(t, actions, 1, 2, 0.5)
	for _, figure := range half.Figures {
		factor := 2.0
		if figure.Figure == "response_p99_s" || figure.Figure == "worst_p99_s" {
			factor = 1
		}
		if same := figureOf(t, whole, figure.Figure); figure.Figure != "cost" && math.Abs(figure.With-factor*same.With) > 1e-9*same.With {
			t.Errorf("%+v, want %v times %+v", figure, factor, same)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewWorlds(ctx, modelOf(t, smoke(t)), actions, 2, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("who gives up gets %v", err)
	}
}
