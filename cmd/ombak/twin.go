package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

func twinFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-twin", Usage: "with --live: do not simulate the run beside it", EnvVars: envVar("no-twin")}
}

// The replications of a forecast, and the longest that they may take.
const (
	twinReplications = 20
	longestTwin      = 3 * time.Minute
)

// twin simulates a run beside it: what it should be like, and what it would be like without the last action. It works on
// one goroutine, with CPU time that nothing else wants.
type twin struct {
	model   *setup.Model
	board   *live.Board
	news    chan struct{} // holds one value if there are actions that are not foretold yet
	mu      sync.Mutex    // guards actions
	actions []funnel.Action
	working sync.WaitGroup
	cancel  context.CancelFunc
}

// startTwin foretells the run on the page. It returns nil, whose methods do nothing, without a page or a model.
func startTwin(c *cli.Context, page *room, model *setup.Model, why error) *twin {
	switch {
	case page == nil || c.Bool("no-twin"):
		return nil
	case why != nil:
		page.board.Foretell(live.Forecast{Says: "Nothing is foretold: " + why.Error()})
		return nil
	}
	ctx, cancel := context.WithCancel(c.Context)
	t := &twin{model: model, board: page.board, news: make(chan struct{}, 1), cancel: cancel}
	t.working.Go(func() { idly(func() { t.work(ctx) }) })
	return t
}

// stop ends the work.
func (t *twin) stop() {
	if t == nil {
		return
	}
	t.cancel()
	t.working.Wait()
}

// acted tells the twin what was done.
func (t *twin) acted(action funnel.Action) {
	if t == nil || action.Do == funnel.Remark {
		return
	}
	t.mu.Lock()
	t.actions = append(t.actions, action)
	t.mu.Unlock()
	select {
	case t.news <- struct{}{}:
	default:
	}
}

func (t *twin) work(ctx context.Context) {
	one, err := simulation.EstimateTime(ctx, t.model)
	if err != nil {
		return
	}
	if takes := one.Of(twinReplications, simulation.Settings{Workers: 1}); takes.Most > longestTwin {
		t.board.Foretell(live.Forecast{Says: fmt.Sprintf("Nothing is foretold: %d simulations of this run would take about %v.", twinReplications, takes)})
		return
	}
	var before *report.Prediction
	for {
		t.mu.Lock()
		actions := slices.Clone(t.actions)
		t.mu.Unlock()
		now, err := simulation.Predict(ctx, t.model, actions, twinReplications)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			t.board.Foretell(live.Forecast{Says: "Nothing more is foretold: " + err.Error()})
		default:
			t.board.Foretell(t.forecast(actions, before, now))
			before = &now
		}
		select {
		case <-t.news:
		case <-ctx.Done():
			return
		}
	}
}

// forecast says what the last action changes.
func (t *twin) forecast(actions []funnel.Action, before *report.Prediction, now report.Prediction) live.Forecast {
	last := t.model.Scenario.Journey[len(t.model.Scenario.Journey)-1].Name
	forecast := live.Forecast{With: &now, Without: before}
	if before == nil || len(actions) == 0 {
		forecast.Says = fmt.Sprintf("The shaded ranges hold nine of ten simulations of this run (%d): about %s people get through %s.", now.Replications, units.Count(math.Round(now.Through)), last)
		return forecast
	}
	through, lost := math.Round(now.Through-before.Through), math.Round(now.Lost-before.Lost)
	did := actions[len(actions)-1].Text()
	if through == 0 && lost == 0 {
		forecast.Says = fmt.Sprintf("Had we not (%s): the simulations come out the same without it.", did)
		return forecast
	}
	forecast.Says = fmt.Sprintf("Had we not (%s): with it, %s people get through %s, and %s are turned away, fail or give up. The dotted lines go on without it.",
		did, difference(through), last, difference(lost))
	return forecast
}

// difference writes a difference of numbers, as in 36 more.
func difference(by float64) string {
	switch {
	case by > 0:
		return units.Count(by) + " more"
	case by < 0:
		return units.Count(-by) + " fewer"
	}
	return "as many"
}
