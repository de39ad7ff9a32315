//go:build unix

package fleet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/report"
)

// Setting the clocks of agents' machines in the middle of a run changes nothing but the timeline, which says by how much: the same
// people come in the same seconds.
func TestAgentsWhoseClocksAreSet(t *testing.T) {
	t.Parallel()
	var results []report.Report
	var people [][]string
	for _, steps := range []bool{false, true} {
		y := newYard(t)
		sets := map[string]func(time.Duration){}
		for _, name := range []string{"a", "b"} {
			clock, set := fleet.NewClock(0, 0).Settable()
			y.join(name, func(a *fleet.Agent) { a.Clock = clock })
			sets[name] = set
		}
		result, _, err := y.play(plan{length: "6s", progress: whileArriving(func(*fleet.Run) {
			if steps {
				sets["a"](time.Hour)
				sets["b"](-time.Hour)
			}
		})})
		if err != nil || result.Verdict != report.Pass {
			t.Fatalf("steps %v: verdict %s (%v), %v", steps, result.Verdict, result.Invalid, err)
		}
		balanced(t, fmt.Sprint("steps ", steps), result, 360)
		results, people = append(results, result), append(people, y.service.people())
	}
	without, with := results[0], results[1]
	if !slices.Equal(people[0], people[1]) {
		t.Errorf("%d people came without steps, others with them (%d)", len(people[0]), len(people[1]))
	}
	if n := min(len(without.Series.Scheduled), len(with.Series.Scheduled)); n < 6 || !slices.Equal(without.Series.Scheduled[:n], with.Series.Scheduled[:n]) {
		t.Errorf("scheduled by the second: %v without steps, %v with them", without.Series.Scheduled, with.Series.Scheduled)
	}
	if n := min(len(without.Series.Steps[0].Entered), len(with.Series.Steps[0].Entered)); n < 6 || !slices.Equal(without.Series.Steps[0].Entered[:n], with.Series.Steps[0].Entered[:n]) {
		t.Errorf("entered by the second: %v without steps, %v with them", without.Series.Steps[0].Entered, with.Series.Steps[0].Entered)
	}
	for i, r := range results {
		var set []string
		for _, event := range r.Timeline {
			if strings.Contains(event.Text, " was set ") {
				set = append(set, event.Text)
				if event.AtS < 2 || event.AtS > r.DurationS {
					t.Errorf("%q stands at %v s", event.Text, event.AtS)
				}
			}
		}
		slices.Sort(set)
		if want := [][]string{nil, {"the clock of agent a was set forward by 60 min", "the clock of agent b was set back by 60 min"}}[i]; !slices.Equal(set, want) {
			t.Errorf("steps %v: the timeline says %q, want %q", i == 1, set, want)
		}
	}
}
