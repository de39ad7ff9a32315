package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
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

// The replications of a forecast, how long they should take, and the smallest share of the people that is simulated. Of a
// run that is too large for that, fewer simulations are made, with all people, and they may take longer.
const (
	twinReplications = 20
	twinTime         = 12 * time.Second
	leastTwin        = 0.05
	twinPatience     = 90 * time.Second
	fewestTwin       = 2
)

// idly calls a func that gets only CPU time that nothing else wants. Tests on a busy machine replace it.
var idly = onIdleThread

// twin simulates a run beside it: what it should be like, and what it would be like without the last action. It works on
// one goroutine, with CPU time that nothing else wants.
type twin struct {
	modelOf      func(share float64) (*setup.Model, error) // of a share of the people and the servers
	model        *setup.Model
	share        float64
	replications int
	board        *live.Board
	news         chan struct{} // holds one value if there are actions that are not foretold yet
	mu           sync.Mutex    // guards actions
	actions      []funnel.Action
	working      sync.WaitGroup
	cancel       context.CancelFunc
	limit        time.Duration        // of the schedule lag of the run
	before       *simulation.Accuracy // of the model, as far as a board tells of it
	unheard      string               // why no board is heard
	brake        brake
	used         atomic.Int64  // CPU time of its thread, in ns; 0 if it is not known
	sized        bool          // the model is small enough
	latest       live.Forecast // with predictions
}

// startTwin foretells the run on the page. It returns nil, whose methods do nothing, without a page or a model.
func startTwin(c *cli.Context, page *room, limit time.Duration, modelled func(share float64) (*setup.Model, error)) *twin {
	if page == nil || c.Bool("no-twin") {
		return nil
	}
	model, err := modelled(1)
	if err != nil {
		page.board.Foretell(live.Forecast{Says: "Nothing is foretold: " + err.Error()})
		return nil
	}
	ctx, cancel := context.WithCancel(c.Context)
	t := &twin{modelOf: modelled, model: model, share: 1, replications: twinReplications, board: page.board, limit: limit, news: make(chan struct{}, 1), cancel: cancel}
	if page.hall != nil { // a rehearsal is the model itself
		t.hear(modelOf(c))
	}
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

// seen tells the twin of a row. It rests while the generator is behind.
func (t *twin) seen(row report.Second) {
	if t != nil {
		t.brake.set(isBehind(row, t.limit))
	}
}

// rest notes what the twin has used, and waits while the generator is behind. It is called on the twin's thread.
func (t *twin) rest(ctx context.Context) error {
	if used, known := threadTime(); known {
		t.used.Store(int64(used))
	}
	return t.brake.wait(ctx)
}

// cost returns what the twin has used, as a process of its own, if that is known.
func (t *twin) cost() []report.Process {
	if t == nil || t.used.Load() == 0 {
		return nil
	}
	used := time.Duration(t.used.Load()).Seconds()
	return []report.Process{{Name: "twin", CPUS: &used}}
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
	defer func() { _ = t.rest(ctx) }() // for the last time
	err := t.shrink(ctx)
	if t.sized = err == nil; err != nil {
		t.board.Foretell(live.Forecast{Says: "Nothing is foretold: " + err.Error()})
		return
	}
	var known twinAnswers
	for {
		forecast, err := t.foretell(ctx, t.taken(), &known)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			t.board.Foretell(live.Forecast{Says: "Nothing more is foretold: " + err.Error()})
		default:
			t.latest = forecast
			t.board.Foretell(forecast)
		}
		select {
		case <-t.news:
		case <-ctx.Done():
			return
		}
	}
}

// twinAnswers are the latest predictions, by the number of actions that they know of.
type twinAnswers map[int]report.Prediction

// foretell simulates the run with all actions and without the last one, unless that is known.
func (t *twin) foretell(ctx context.Context, actions []funnel.Action, known *twinAnswers) (live.Forecast, error) {
	answers := twinAnswers{}
	for count := max(0, len(actions)-1); count <= len(actions); count++ {
		answer, is := (*known)[count]
		if !is {
			made, err := simulation.Predict(ctx, t.model, actions[:count], t.replications, t.rest)
			if err != nil {
				return live.Forecast{}, err
			}
			answer = made.Scaled(1 / t.share)
			if t.before != nil {
				answer = t.before.Widen(answer, t.model.Scenario.Arrivals.Step)
			}
		}
		answers[count] = answer
	}
	*known = answers
	now := answers[len(actions)]
	if len(actions) == 0 {
		return t.forecast(nil, nil, now), nil
	}
	before := answers[len(actions)-1]
	return t.forecast(&actions[len(actions)-1], &before, now), nil
}

// shrink makes the model small enough for the time that a forecast should take, and says how long it will take.
func (t *twin) shrink(ctx context.Context) error {
	one, err := simulation.EstimateTime(ctx, t.model)
	if err != nil {
		return err
	}
	takes := one.Of(twinReplications, simulation.Settings{Workers: 1})
	if t.share = min(1, twinTime.Seconds()/max(1e-3, takes.Most.Seconds())); t.share < leastTwin {
		alone := one.Of(1, simulation.Settings{Workers: 1})
		if t.share, t.replications = 1, int(twinPatience/alone.Most); t.replications < fewestTwin {
			return fmt.Errorf("one simulation of this run would take about %v, which is too long to be of use beside it", alone)
		}
		t.board.Foretell(live.Forecast{Says: fmt.Sprintf("Simulating this run %d times beside it, which takes %v or less. It is too large for more, so the ranges will be rough.", t.replications, twinPatience)})
		return nil
	}
	if t.share < 1 {
		if t.model, err = t.modelOf(t.share); err != nil {
			return err
		}
	}
	t.board.Foretell(live.Forecast{Says: fmt.Sprintf("Simulating this run %d times beside it%s.", twinReplications, t.smaller())})
	return nil
}

// smaller says that a part of the people is simulated, if that is so.
func (t *twin) smaller() string {
	if t.share == 1 {
		return ""
	}
	return fmt.Sprintf(", with %s of the people and of the servers", units.Percent(t.share))
}

// wider says that the ranges are wider than the simulations, or why they are not, if there is a board of accuracy.
func (t *twin) wider() string {
	switch {
	case t.before != nil:
		return " They are wider by the errors that " + accuracyName + " gives for " + t.before.Service + " at such loads."
	case t.unheard != "":
		return " " + accuracyName + " beside the model is not used: " + t.unheard + "."
	}
	return ""
}

// checkModel refuses a model that cannot be used beside a run.
func checkModel(c *cli.Context) error {
	if modelOf(c) == "" || c.String("live") == "" {
		return nil
	}
	_, err := readModelled(cmp.Or(c.Args().First(), defaultScenario), modelOf(c))
	return err
}

// hear reads the board of accuracy beside a model, if there is one.
func (t *twin) hear(model string) {
	if model == "" {
		return
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(model), accuracyName))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var accuracy simulation.Accuracy
	if err == nil {
		accuracy, err = simulation.ReadAccuracy(text, model)
	}
	if err != nil {
		t.unheard = err.Error()
		return
	}
	t.before = &accuracy
}

// accuracyName is the name of a board of accuracy.
const accuracyName = "accuracy.json"

// forecast says what the last action changes. Without one, action and before are nil.
func (t *twin) forecast(action *funnel.Action, before *report.Prediction, now report.Prediction) live.Forecast {
	forecast := live.Forecast{With: &now, Without: before}
	if action == nil {
		forecast.Says = fmt.Sprintf("The shaded ranges hold nine of ten simulations of this run (%d%s): about %s people get through %s.%s", now.Replications, t.smaller(), units.Count(math.Round(now.Through)), t.last(), t.wider())
		return forecast
	}
	through, lost := math.Round(now.Through-before.Through), math.Round(now.Lost-before.Lost)
	if through == 0 && lost == 0 {
		forecast.Says = unchanged(action.Text())
		return forecast
	}
	forecast.Says = changedBy(action.Text(), difference(through), t.last(), difference(lost)) + " The dotted lines go on without it."
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

// scaledModel returns the model of a run with a share of its people and of its servers.
func scaledModel(c *cli.Context, options setup.Options, share float64) (*setup.Model, error) {
	scenario, err := readModelled(cmp.Or(c.Args().First(), defaultScenario), modelOf(c))
	if scenario, err = withArrivals(c, scenario, err); err != nil {
		return nil, err
	}
	if c.Int("closed") > 0 || options.Parts > 1 {
		return nil, errors.New("the closed loop of --closed and a part of a run are not simulated")
	}
	options.Closed = 0 // a closed population of the scenario is scaled too
	if options.MaxRate > 0 {
		options.Speed = 0 // it has been set to its default
	}
	options.Scale, options.ScaleSystem = options.Scale*share, options.ScaleSystem*share
	return setup.NewModel(scenario, options)
}

// modelOf returns the value of --model, for commands that have it.
func modelOf(c *cli.Context) string {
	if hasFlag(c, "model") {
		return c.String("model")
	}
	return ""
}
