package live

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Who acts turns the clock of a simulation; who looks may not, and sees it turn.
func TestTurningTheClock(t *testing.T) {
	board := NewBoard(hostile)
	var turns []Turn
	over := false
	s := served(t, Config{Board: board, Turn: func(_ context.Context, turn Turn) (Clock, error) {
		if over {
			return Clock{}, funnel.ErrOver
		}
		turns = append(turns, turn)
		clock := Clock{Pace: "20x", Paused: true, AtS: 125}
		board.Clock(clock)
		return clock, nil
	}})
	acts, looks, origin := entered(t, s.URL()), entered(t, s.LookURL()), map[string]string{"Origin": base(s)}
	if _, text := ask(t, looks, "GET", base(s)+"/v1/run", "", nil); strings.Contains(text, `"clock"`) {
		t.Errorf("before the run begins it has a clock: %s", text)
	}
	if status, text := ask(t, looks, "POST", base(s)+"/v1/clock", `{"paused": true}`, origin); status != 403 || len(turns) > 0 {
		t.Errorf("who may only look gets %d: %s", status, text)
	}
	board.Wait(true)
	if status, text := ask(t, acts, "POST", base(s)+"/v1/clock", `{"paused": true}`, origin); status != 409 || !strings.Contains(text, "press Start") {
		t.Errorf("a run that waits answers %d: %s", status, text)
	}
	board.Wait(false)
	for _, row := range []struct {
		body   string
		status int
		says   string
	}{
		{`{"paused": true}`, 200, `{"pace":"20x","paused":true,"at_s":125}`},
		{`{"pace": "20x"}`, 200, ""},
		{`{"until": "5m"}`, 200, ""},
		{`{"until": 90, "pace": "max"}`, 200, ""},
		{`{"until": "noon"}`, 422, "write an instant of the scenario, such as 5m"},
		{`{"until": -5}`, 422, "write an instant"},
		{`{"until": "5m", "paused": true}`, 422, "leave out paused"},
		{`{}`, 422, "say what to change"},
		{`{"stop": true}`, 422, `write {`},
	} {
		if status, text := ask(t, acts, "POST", base(s)+"/v1/clock", row.body, origin); status != row.status || !strings.Contains(strings.ReplaceAll(text, `\"`, `"`), row.says) {
			t.Errorf("%s: %d %s", row.body, status, text)
		}
	}
	if len(turns) != 4 || turns[0].Paused == nil || !*turns[0].Paused || turns[1].Pace != "20x" || turns[2].Until != 5*time.Minute || turns[3].Until != 90*time.Second {
		t.Errorf("the turns are %+v", turns)
	}
	if events := listen(t, looks, base(s), "", 2); events[1].kind != "clock" || events[1].data != `{"pace":"20x","paused":true,"at_s":125}` {
		t.Errorf("who looks is told %v", events)
	}
	if _, text := ask(t, looks, "GET", base(s)+"/v1/run", "", nil); !strings.Contains(text, `"clock":{"pace":"20x","paused":true`) {
		t.Errorf("the run is %s", text)
	}
	over = true
	if status, text := ask(t, acts, "POST", base(s)+"/v1/clock", `{"paused": false}`, origin); status != 409 || !strings.Contains(text, "has ended") {
		t.Errorf("after the end: %d %s", status, text)
	}
}

// A live run keeps real time, and says so.
func TestLiveRunsKeepRealTime(t *testing.T) {
	s := served(t, Config{Controls: &counting{}})
	client := entered(t, s.URL())
	status, text := ask(t, client, "POST", base(s)+"/v1/clock", `{"paused": true}`, map[string]string{"Origin": base(s)})
	if status != 409 || !strings.Contains(text, "a live run cannot be paused, because") {
		t.Errorf("%d %s", status, text)
	}
	if _, text := ask(t, client, "GET", base(s)+"/v1/run", "", nil); !strings.Contains(text, `"why_not":"a live run cannot be paused`) {
		t.Errorf("the run is %s", text)
	}
}
