package simulation

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
)

// practice is a run that plays at the pace of a synthetic wall clock.
type practice struct {
	*Paced
	mu    sync.Mutex
	rows  []report.Second
	ended chan error
}

func practise(t *testing.T, pace float64) *practice {
	t.Helper()
	p := &practice{ended: make(chan error, 1)}
	paced, err := NewPaced(modelOf(t, smoke(t)), Settings{}, func(row report.Second) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.rows = append(p.rows, row)
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Paced = paced
	go func() { p.ended <- paced.Play(t.Context(), pace) }()
	return p
}

// last returns the last row.
func (p *practice) last() report.Second {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rows[len(p.rows)-1]
}

func (p *practice) pauses(t *testing.T) Clock {
	t.Helper()
	clock, err := p.Turn(t.Context(), func(c *Clock) { c.Paused = true })
	if err != nil {
		t.Fatal(err)
	}
	return clock
}

// goes lets the run play on at a pace.
func (p *practice) goes(t *testing.T, pace float64) {
	t.Helper()
	if _, err := p.Turn(t.Context(), func(c *Clock) { c.Paused, c.Pace = false, pace }); err != nil {
		t.Fatal(err)
	}
}

func (p *practice) acts(t *testing.T, action funnel.Action) time.Duration {
	t.Helper()
	at, err := p.Act(t.Context(), action)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Whoever practises pauses the clock, acts, goes on faster, and jumps. An action while the clock is paused takes effect at
// that instant and is told at once. The replay of the actions, without any pause, gives the same report byte for byte.
func TestPausesChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := practise(t, 1)
		time.Sleep(1300 * time.Millisecond)
		paused := p.pauses(t)
		if again := p.pauses(t); again != paused || p.last().ScenarioS != paused.At.Seconds() {
			t.Errorf("paused at %v, again at %v, after the row to %v", paused.At, again.At, p.last().ScenarioS)
		}
		time.Sleep(time.Hour)
		fault := funnel.Action{Do: funnel.StartFault, On: "dukcapil", With: map[string]string{"fault": "dukcapil-outage"}, For: 3 * time.Second, By: "Rina"}
		at := p.acts(t, fault)
		if at < paused.At || at >= paused.At+time.Millisecond {
			t.Errorf("paused at %v, an action takes effect at %v", paused.At, at)
		}
		if row := p.last(); len(row.Marks) != 1 || row.Marks[0].Text != fault.Text() || row.ForS != 0 {
			t.Errorf("the action is told by %+v", row)
		}
		p.acts(t, funnel.Action{Do: funnel.SetService, On: "dapodik", With: map[string]string{"servers": "2"}})
		p.goes(t, 0.5)
		time.Sleep(2 * time.Second)
		if moved := p.pauses(t).At - paused.At; moved != time.Second {
			t.Errorf("in 2 s at 0.5x the clock moves by %v", moved)
		}
		jump, err := p.Turn(t.Context(), func(c *Clock) { c.Paused, c.Until = false, paused.At+3*time.Second })
		synctest.Wait()
		if err != nil || p.last().ScenarioS != jump.Until.Seconds() {
			t.Errorf("the jump leads to %v: %v", p.last().ScenarioS, err)
		}
		time.Sleep(time.Hour)
		if row := p.last(); row.ScenarioS != jump.Until.Seconds() {
			t.Errorf("after the jump the run goes on to %v", row.ScenarioS)
		}
		_, err = p.Turn(t.Context(), func(c *Clock) { c.Paused, c.Until = false, paused.At })
		if err == nil || !strings.Contains(err.Error(), "give a later instant") {
			t.Errorf("a jump back gives %v", err)
		}
		p.acts(t, funnel.Action{Do: funnel.Arrive, With: map[string]string{"factor": "2"}})
		p.goes(t, 0)
		if err := <-p.ended; err != nil {
			t.Fatal(err)
		}
		result, err := p.End()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Turn(t.Context(), func(*Clock) {}); !errors.Is(err, funnel.ErrOver) {
			t.Errorf("after the end a turn gives %v", err)
		}
		replayed := replayOf(t, smoke(t), p.Paced)
		if !bytes.Equal(textOf(t, replayed.Report), textOf(t, result.Report)) {
			t.Error("the replay gives another report")
		}
		sum := uint64(0)
		for _, row := range p.rows {
			sum += row.Scheduled
		}
		if float64(sum) != result.Report.Offered.Scheduled {
			t.Errorf("rows add up to %d, the report has %v", sum, result.Report.Offered.Scheduled)
		}
	})
}

// replayOf plays the actions of a run of a scenario from a file, without the page.
func replayOf(t *testing.T, scenario *scenarios.Scenario, p *Paced) Result {
	t.Helper()
	text, err := scenario.WriteReplay(p.Actions(), scenarios.Play{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := scenarios.Parse("replay.yaml", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	replayed, err := Simulate(t.Context(), modelOf(t, again), Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return replayed
}

// A paused run can be stopped, and a command that is interrupted does not wait for it.
func TestPausedRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := practise(t, 1)
		p.pauses(t)
		at := p.acts(t, funnel.Action{Do: funnel.Stop})
		if err := <-p.ended; err != nil || at != max(0, p.scenarioTime().Truncate(time.Millisecond)) {
			t.Errorf("stopped at %v, the run ends at %v: %v", at, p.scenarioTime(), err)
		}
		p.play.End()
	})
	synctest.Test(t, func(t *testing.T) {
		paced, err := NewPaced(modelOf(t, smoke(t)), Settings{}, ignore)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- paced.Play(ctx, 1) }()
		if _, err := paced.Turn(ctx, func(c *Clock) { c.Paused = true }); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("an interrupted pause gives %v", err)
		}
		paced.play.End()
	})
}
