package simulation

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// Paced is replication 0 of a model, played at a pace. People may act on it meanwhile. Its report depends on the model and
// on the scenario instants of the actions alone, whatever the pace.
type Paced struct {
	model     *setup.Model
	settings  Settings
	config    sim.Config
	acting    *setup.Acting
	player    sim.Player
	play      *sim.Play
	recording *recorder.Recording
	observers *recorder.Recorder
	feed      *feed
	orders    funnel.Orders
	wall      wall
}

// NewPaced prepares a run. It calls post with every row of the run's feed.
func NewPaced(model *setup.Model, settings Settings, post func(report.Second)) (*Paced, error) {
	own := *model
	own.Actions = slices.Clone(model.Actions)
	p := &Paced{model: &own, settings: settings, config: settings.replication(model.Config, 0), orders: funnel.NewOrders(), wall: wall{turns: make(chan turn)}}
	p.config.Open = true
	var err error
	if p.acting, err = model.Acting(); err != nil {
		return nil, err
	}
	steps := p.config.Journey.Funnel()
	p.recording, p.feed = recorder.NewRecording(steps), newFeed(p.model, p.config, post)
	p.observers = recorder.NewRecorder(steps, 1, func(delta recorder.Delta) {
		p.recording.Add(delta)
		p.feed.seconds.Add(delta)
	})
	p.play, err = p.player.Begin(p.config, func(shard int) funnel.Observer { return p.observers.Observer(shard) })
	return p, err
}

// KeepTimes makes the rows of the feed keep the response times of each step and outcome. Call it before Play.
func (p *Paced) KeepTimes() { p.feed.seconds.KeepTimes() }

// frame is the time of the wall clock between two looks at what is due.
const frame = 40 * time.Millisecond

// Play plays to the end of the run. Pace is how many seconds of the run pass in one of the wall clock, until somebody turns
// the clock; 0 means that nothing waits for the wall clock.
func (p *Paced) Play(ctx context.Context, pace float64) error {
	defer p.orders.Close()
	ticker, atOnce := time.NewTicker(frame), make(chan time.Time)
	defer ticker.Stop()
	close(atOnce)
	p.set(Clock{Pace: pace})
	for !p.play.Over() {
		if err := p.reach(ctx, p.wall.due(p.feed.next)); err != nil {
			return err
		}
		p.halt()
		next := ticker.C
		if p.wall.due(p.feed.next) >= p.feed.next {
			next = atOnce // a row is due already
		}
		select {
		case order := <-p.orders.Given():
			order.Answer(p.do(order.Action))
		case turn := <-p.wall.turns:
			clock, err := p.turn(ctx, turn.change)
			turn.answer <- turned{clock, err}
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// reach plays up to an instant, at most to the end of the next row, which is then posted.
func (p *Paced) reach(ctx context.Context, at time.Duration) error {
	if err := p.play.Reach(ctx, at); err != nil {
		return err
	}
	if reached := p.play.Reached(); p.play.Over() || reached >= p.feed.next {
		if p.observers.Reach(reached); p.play.Over() {
			p.observers.Close()
		}
		p.feed.cut(reached, p.play.Now(), p.recording)
	}
	return nil
}

// do does one action at the instant that has been reached, which it returns.
func (p *Paced) do(action funnel.Action) (time.Duration, error) {
	action.At = p.instant()
	does, err := p.acting.Do(action)
	if err == nil {
		err = p.play.Intervene(does)
	}
	if err != nil {
		return action.At, err
	}
	p.model.Actions = append(p.model.Actions, action)
	p.feed.acted(p.model.Actions)
	switch {
	case action.Do == funnel.Stop:
		p.wall.Paused = false // the run plays to that instant
	case p.wall.Paused: // nothing else tells the page
		p.feed.cut(p.play.Reached(), p.play.Now(), p.recording)
	}
	return action.At, nil
}

// instant returns the first whole millisecond of scenario time that has not been played. An instant that can be written is
// one that can be repeated. Actions before the scenario's time zero take effect then.
func (p *Paced) instant() time.Duration {
	clock, reached := p.config.Journey.Clock, p.play.Reached()
	at := max(0, clock.Scenario(reached).Truncate(time.Millisecond))
	for clock.Real(at) < reached {
		at += time.Millisecond
	}
	return at
}

// Act does an action as soon as possible and returns the scenario time at which it takes effect. Any goroutine may call it
// while Play runs.
func (p *Paced) Act(ctx context.Context, action funnel.Action) (time.Duration, error) {
	return p.orders.Act(ctx, action)
}

// Actions returns the scenario's interventions and what was done, in order of time. Call it after Play.
func (p *Paced) Actions() []funnel.Action { return funnel.InOrder(p.model.Actions) }

// End returns the result of what was played. Call it once, after Play.
func (p *Paced) End() (Result, error) {
	result := p.play.End()
	p.observers.Close() // a run that was interrupted has no last row
	p.model.Actions = p.Actions()
	s := &Series{Model: p.model}
	s.grow(1)
	s.put(0, outcomeOf(p.model, p.config, p.recording, result, p.settings, 0))
	return s.Result()
}

// feed makes the rows of a paced run.
type feed struct {
	model   *setup.Model
	config  sim.Config
	post    func(report.Second)
	seconds *recorder.Seconds
	width   time.Duration // of a row
	next    time.Duration // end of the next row
	coming  []funnel.Mark // scheduled ones, in order of time
	told    map[funnel.Mark]bool
	judged  time.Time     // when thresholds were judged last
	took    time.Duration // how long that took
}

// mostRows is the number of rows above which they become longer than a second.
const mostRows = 8000

func newFeed(model *setup.Model, config sim.Config, post func(report.Second)) *feed {
	f := &feed{
		model: model, config: config, post: post, seconds: recorder.NewSeconds(config.Journey.Funnel(), config.Journey.Clock.Scenario),
		width: max(time.Second, (config.Until / mostRows).Truncate(time.Second)), told: map[funnel.Mark]bool{},
	}
	f.next = f.width
	f.coming = marks(model, config, sim.Result{Duration: config.Until})
	slices.SortStableFunc(f.coming, func(a, b funnel.Mark) int { return cmp.Compare(a.At, b.At) })
	return f
}

// acted tells what was done.
func (f *feed) acted(actions []funnel.Action) {
	for _, mark := range marksOf(f.model, actions, f.config.Journey.Clock.Real) {
		f.tell(mark)
	}
}

func (f *feed) tell(mark funnel.Mark) {
	if !f.told[mark] {
		f.told[mark] = true
		f.seconds.Mark(mark)
	}
}

// cut posts the row that ends at an instant.
func (f *feed) cut(at time.Duration, readings []funnel.Reading, recording *recorder.Recording) {
	for len(f.coming) > 0 && f.coming[0].At <= at {
		f.tell(f.coming[0])
		f.coming = f.coming[1:]
	}
	for _, reading := range readings {
		f.seconds.Read(reading)
	}
	row := f.seconds.Cut(at, f.phase(at))
	row.Lag = nil // the simulator is never late
	row.Thresholds = f.judge(at, recording)
	f.post(row)
	f.next = at.Truncate(f.width) + f.width
}

// judge judges the thresholds, unless that would take more than a tenth of the time.
func (f *feed) judge(at time.Duration, recording *recorder.Recording) []report.Standing {
	const often, costly = 250 * time.Millisecond, 10
	if since := time.Since(f.judged); at < f.config.Until && since < max(often, costly*f.took) {
		return nil
	}
	began := time.Now()
	standings, _ := threshold.Rules{Conditions: f.model.Conditions}.Standings(recording, at, f.config.Journey.Clock.Scenario)
	f.judged = time.Now()
	f.took = f.judged.Sub(began)
	return standings
}

func (f *feed) phase(at time.Duration) string {
	switch {
	case at <= f.model.People.First:
		return funnel.LeadInPhase
	case at <= f.model.People.Last:
		return funnel.ArrivalsPhase
	}
	return funnel.DrainPhase
}
