package drill

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// A part measures by its own monotonic clock, wherever somebody puts the wall clock.
func TestBeginIsAnchored(t *testing.T) {
	const in = 250 * time.Millisecond
	sent := time.Now()
	for _, test := range []struct {
		why  string
		step time.Duration // of the wall clock between the sending and the reading
		late time.Duration // between the sending and the reading
		want time.Duration // from the reading to the beginning
	}{
		{"nothing happened", 0, 0, in},
		{"the part was busy", 0, 100 * time.Millisecond, in - 100*time.Millisecond},
		{"the part was very busy", 0, 2 * time.Second, in - 2*time.Second},
		{"an hour back", -time.Hour, 0, in},
		{"an hour forward", time.Hour, 0, in},
	} {
		line, err := json.Marshal(Begin{At: sent.Add(in), In: in})
		if err != nil {
			t.Fatal(err)
		}
		var begin Begin
		if err := json.Unmarshal(line, &begin); err != nil {
			t.Fatal(err)
		}
		if now := time.Now(); !strings.Contains(begin.anchor(now).String(), "m=") {
			t.Fatalf("%s has no monotonic reading", begin.anchor(now))
		}
		wall := sent.Round(0).Add(test.late + test.step) // what the part's wall clock shows when it reads the line
		if got := begin.anchor(wall).Sub(wall); got != test.want {
			t.Errorf("%s: begins in %v, want %v", test.why, got, test.want)
		}
	}
}

// Only a step of the wall clock is noticed, once, with its size.
func TestWallSteps(t *testing.T) {
	steps := newWallSteps(time.Now())
	for _, look := range []struct {
		why             string
		wall, monotonic time.Duration
		want            time.Duration
	}{
		{"in step", time.Second, time.Second, 0},
		{"slewed by a time server", 2*time.Second + 500*time.Microsecond, 2 * time.Second, 0},
		{"set an hour forward", time.Hour + 3*time.Second + 500*time.Microsecond, 3 * time.Second, time.Hour},
		{"an hour ahead is no further step", time.Hour + 4*time.Second + 500*time.Microsecond, 4 * time.Second, 0},
		{"set back", 5*time.Second + 500*time.Microsecond, 5 * time.Second, -time.Hour},
		{"the machine was busy for a minute", 65*time.Second + 500*time.Microsecond, 65 * time.Second, 0},
	} {
		if got := steps.Note(look.wall, look.monotonic); got != look.want {
			t.Errorf("%s: %v, want %v", look.why, got, look.want)
		}
	}
	if got := setBy(-time.Hour); got != "back by 60 min" {
		t.Errorf("an hour reads %q", got)
	}
}
