package journey_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/expression"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// visit is one visit of a walk to a step.
type visit struct {
	step, round int
	from        int
	first       bool
	at          time.Duration
}

// walkAll walks a person through a journey in which every attempt passes at once. It returns the visits, and whether the
// walk ended after a step that passed.
func walkAll(j *journey.Journey, person uint64, got journey.Values) (visits []visit, through bool) {
	tracks := j.NewTracks()
	track := tracks.Of(0)
	var at time.Duration
	for _, lead := range j.Leads(person, 0, nil) {
		_, action := j.Look(person, lead.Step, lead.At, track)
		visits = append(visits, visit{step: lead.Step, at: action.At}.by(track))
	}
	walk, action := j.Begin(person, at, track)
	for !action.Done {
		visits = append(visits, visit{step: int(walk.Step), round: int(walk.Round), at: action.At}.by(track))
		if track != nil {
			track.Got = got
		}
		var result journey.Result
		result, action = j.Next(&walk, track, journey.Answer{Outcome: funnel.Completed}, action.At)
		through = result.Through
	}
	return visits, through
}

// by adds where the person came from. A straight line has no track.
func (v visit) by(track *journey.Track) visit {
	if track != nil {
		v.from, v.first = track.From(), track.IsFirst()
	}
	return v
}

// stepsOf writes the steps of visits by name.
func stepsOf(config journey.Config, visits []visit) string {
	var names []string
	for _, v := range visits {
		names = append(names, config.Steps[v.step].Name)
	}
	return strings.Join(names, " ")
}

func share(of float64) *float64 { return &of }

func named(names ...string) []journey.Step {
	all := make([]journey.Step, len(names))
	for i, name := range names {
		all[i] = journey.Step{Name: name, Kind: funnel.Request, Continue: 1}
	}
	return all
}

func pupils(person uint64, of expression.Reading) any { return person%2 == 0 }

func TestWaysThroughAGraph(t *testing.T) {
	values := gotten{"state": "ready"}
	for _, row := range []struct {
		why    string
		change func(*journey.Config)
		got    journey.Values
		want   string
	}{
		{"a straight line", func(*journey.Config) {}, nil, "a b c d"},
		{"nobody does an optional step", func(c *journey.Config) { c.Steps[1].Optional = share(0) }, nil, "a c d"},
		{"everybody does it", func(c *journey.Config) { c.Steps[1].Optional = share(1) }, nil, "a b c d"},
		{"an optional last step", func(c *journey.Config) { c.Steps[3].Optional = share(0) }, nil, "a b c"},
		{"a branch for all", func(c *journey.Config) { c.Steps[0].Next = []journey.Branch{{To: 2}} }, nil, "a c d"},
		{"a branch for nobody", func(c *journey.Config) { c.Steps[0].Next = []journey.Branch{{To: 2, Share: share(0)}} }, nil, "a b c d"},
		{"an end for all", func(c *journey.Config) { c.Steps[1].Next = []journey.Branch{{To: journey.End}} }, nil, "a b"},
		{"three rounds", func(c *journey.Config) { c.Steps[2].Loop = &journey.Loop{BackTo: 1, Least: 3, Most: 3} }, nil, "a b c b c b c d"},
		{"one round", func(c *journey.Config) { c.Steps[2].Loop = &journey.Loop{BackTo: 1, Least: 1, Most: 1} }, nil, "a b c d"},
		{"a loop of one step", func(c *journey.Config) { c.Steps[1].Loop = &journey.Loop{BackTo: 1, Least: 2, Most: 2} }, nil, "a b b c d"},
		{"a loop inside a loop begins anew in each round", func(c *journey.Config) {
			c.Steps[1].Loop = &journey.Loop{BackTo: 1, Least: 2, Most: 2}
			c.Steps[2].Loop = &journey.Loop{BackTo: 1, Least: 2, Most: 2}
		}, nil, "a b b c b b c d"},
		{"once within a loop", func(c *journey.Config) {
			c.Steps[1].Once, c.Steps[2].Loop = true, &journey.Loop{BackTo: 1, Least: 3, Most: 3}
		}, nil, "a b c c c d"},
		{"a skipped end of a loop counts its rounds", func(c *journey.Config) {
			c.Steps[2].Optional, c.Steps[2].Loop = share(0), &journey.Loop{BackTo: 1, Least: 3, Most: 3}
		}, nil, "a b b b d"},
		{"while a counter is low", func(c *journey.Config) {
			c.Steps[2].Loop = &journey.Loop{BackTo: 1, While: "visits.b < 4", Most: 10}
		}, nil, "a b c b c b c b c d"},
		{"while true, but at most", func(c *journey.Config) {
			c.Steps[2].Loop = &journey.Loop{BackTo: 1, While: "round >= 0", Most: 2}
		}, nil, "a b c b c d"},
		{"a condition on an answer", func(c *journey.Config) {
			c.Steps[0].Next = []journey.Branch{{To: 3, When: "got.state == 'ready'", Share: share(0)}}
		}, values, "a d"},
		{"its share, if the answer is not known", func(c *journey.Config) {
			c.Steps[0].Next = []journey.Branch{{To: 3, When: "got.state == 'ready'", Share: share(1)}}
		}, nil, "a d"},
		{"a trait", func(c *journey.Config) { c.Steps[0].Next = []journey.Branch{{To: 2, When: "person.pupil"}} }, nil, "a c d"},
		{"no trait", func(c *journey.Config) { c.Steps[0].Next = []journey.Branch{{To: 2, When: "!person.pupil"}} }, nil, "a b c d"},
		{"the first branch that holds", func(c *journey.Config) {
			c.Steps[0].Next = []journey.Branch{{To: 2, When: "person.pupil", Share: share(0)}, {To: 3}}
		}, nil, "a d"},
		{"a condition that cannot be computed does not hold", func(c *journey.Config) {
			c.Steps[0].Next = []journey.Branch{{To: 2, When: "int(got.state) > 1", Share: share(1)}}
		}, values, "a b c d"},
		{"another journey", func(c *journey.Config) {
			c.Journeys = []journey.Path{{Name: "x", Share: 0, Steps: []int{0, 1}}, {Name: "y", Share: 1, Steps: []int{0, 3, 1}}}
		}, nil, "a d b"},
		{"steps before the arrival, and a loop back to them", func(c *journey.Config) {
			c.Arrival, c.Steps[2].Loop = 1, &journey.Loop{BackTo: 0, Least: 2, Most: 2}
		}, nil, "a b c a b c d"},
	} {
		config := journey.Config{Seed: workload.Seed{Value: 3}, Clock: workload.NewClock(0, 1), Steps: named("a", "b", "c", "d")}
		row.change(&config)
		if err := config.Validate(); err != nil {
			t.Errorf("%s: %v", row.why, err)
			continue
		}
		visits, through := walkAll(journey.New(config, nil, pupils), 2, row.got)
		if got := stepsOf(config, visits); got != row.want || !through {
			t.Errorf("%s: %s (through %v), want %s", row.why, got, through, row.want)
		}
	}
}

type gotten map[string]string

func (g gotten) Value(name string) string { return g[name] }

// TestRoundsHaveDrawsOfTheirOwn walks many rounds. Think times of rounds must differ, and the first must be that of a
// straight line.
func TestRoundsHaveDrawsOfTheirOwn(t *testing.T) {
	config := journey.Config{Seed: workload.Seed{Value: 3}, Clock: workload.NewClock(0, 1), Steps: named("a", "b")}
	var err error
	if config.Steps[1].Think, err = workload.ParseDistribution("uniform(1s, 9s)"); err != nil {
		t.Fatal(err)
	}
	line, _ := walkAll(journey.New(config, nil, nil), 7, nil)
	config.Steps[1].Loop = &journey.Loop{BackTo: 1, Least: 50, Most: 50}
	rounds, _ := walkAll(journey.New(config, nil, nil), 7, nil)
	if len(rounds) != 51 || rounds[1].at != line[1].at {
		t.Fatalf("%d visits, the first round at %v, want that of the straight line, %v", len(rounds), rounds[1].at, line[1].at)
	}
	thinks := map[time.Duration]bool{}
	for i := 1; i < len(rounds); i++ {
		thinks[rounds[i].at-rounds[i-1].at] = true
	}
	if len(thinks) != 50 {
		t.Errorf("50 rounds have %d different think times", len(thinks))
	}
}

// TestSharesOfPeople draws many people. Their shares must be those of the configuration, within five standard deviations.
func TestSharesOfPeople(t *testing.T) {
	config := journey.Config{Seed: workload.Seed{Value: 3}, Clock: workload.NewClock(0, 1), Steps: named("a", "b", "c", "d")}
	config.Journeys = []journey.Path{{Share: 0.7, Steps: []int{0, 1, 2}}, {Share: 0.3, Steps: []int{3}}}
	config.Steps[0].Next = []journey.Branch{{To: 2, Share: share(0.2)}, {To: journey.End, Share: share(0.1)}}
	config.Steps[2].Loop = &journey.Loop{BackTo: 2, Least: 1, Most: 4}
	j := journey.New(config, nil, nil)
	const people = 20_000
	counts := map[string]float64{}
	for person := range uint64(people) {
		visits, _ := walkAll(j, person, nil)
		counts[stepsOf(config, visits)]++
	}
	for way, want := range map[string]float64{
		"d": 0.3, "a": 0.7 * 0.1, "a c": 0.7 * 0.2 / 4, "a c c c c": 0.7 * 0.2 / 4, "a b c": 0.7 * 0.7 / 4, "a b c c": 0.7 * 0.7 / 4,
	} {
		if got := counts[way] / people; abs(got-want) > 5*0.5/141 { // √20000 = 141
			t.Errorf("%.4f of the people go %s, want %.4f", got, way, want)
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

// TestWalksOfRandomGraphs holds for every graph: a walk ends, begins with its journey, takes only ways that the steps
// have, counts rounds without a gap, and reports each way once as the first.
func TestWalksOfRandomGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := drawGraph(t)
		if err := config.Validate(); err != nil {
			t.Fatal(err)
		}
		j := journey.New(config, nil, pupils)
		person := rapid.Uint64().Draw(t, "person")
		visits, through := walkAll(j, person, nil)
		if !through || len(visits) == 0 || visits[0].step != j.First(person) || visits[0].from != journey.End {
			t.Fatalf("the walk %v through %v begins elsewhere, or does not end", visits, through)
		}
		again, _ := walkAll(journey.New(config, nil, pupils), person, nil)
		if !slices.Equal(visits, again) {
			t.Fatalf("the walk %v becomes %v", visits, again)
		}
		rounds, taken := map[int]int{}, map[[2]int]bool{}
		for i, v := range visits {
			if v.round != rounds[v.step] {
				t.Fatalf("visit %d is round %d of step %d, want %d", i, v.round, v.step, rounds[v.step])
			}
			rounds[v.step]++
			way := [2]int{v.from, v.step}
			if i > 0 && v.from != visits[i-1].step || v.first == taken[way] {
				t.Fatalf("visit %d comes from %d (first %v) after %v", i, v.from, v.first, visits[:i])
			}
			taken[way] = true
		}
	})
}

// drawGraph draws journeys with branches, loops, optional steps and steps done once.
func drawGraph(t *rapid.T) journey.Config {
	n := rapid.IntRange(2, 7).Draw(t, "steps")
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("s%d", i))
	}
	config := journey.Config{Seed: workload.Seed{Value: rapid.Uint64().Draw(t, "seed")}, Clock: workload.NewClock(0, 1), Steps: named(names...)}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	config.Arrival = rapid.IntRange(0, n-1).Draw(t, "arrival")
	config.Journeys = []journey.Path{{Share: 0.5, Steps: all}, {Share: 0.5, Steps: rapid.Permutation(all).Draw(t, "order")}}
	for i := range config.Steps {
		step := &config.Steps[i]
		switch rapid.IntRange(0, 6).Draw(t, "fork") {
		case 0:
			step.Optional = share(rapid.Float64Range(0, 1).Draw(t, "optional"))
		case 1:
			step.Once = true
		case 2:
			most := rapid.IntRange(1, 4).Draw(t, "most")
			step.Loop = &journey.Loop{BackTo: rapid.IntRange(0, n-1).Draw(t, "back"), Least: rapid.IntRange(1, most).Draw(t, "least"), Most: most}
		case 3:
			step.Loop = &journey.Loop{BackTo: rapid.IntRange(0, n-1).Draw(t, "back"), While: "visits.s0 < 3 || person.pupil", Most: 3}
		case 4:
			step.Next = []journey.Branch{
				{To: rapid.IntRange(0, n-1).Draw(t, "to"), Share: share(0.4)},
				{To: rapid.IntRange(-1, n-1).Draw(t, "to"), When: "got.x == 'y'", Share: share(0.3)},
				{To: journey.End, Share: share(0.3)},
			}
		}
	}
	return config
}
