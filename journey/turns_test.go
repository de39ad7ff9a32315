package journey_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

func factor(value float64) *float64 { return &value }
func held(is bool) *bool            { return &is }

// The tide at an instant is that of the latest turn of each field, until that is undone.
func TestTideAt(t *testing.T) {
	const s = time.Second
	for _, row := range []struct {
		why   string
		turns journey.Turns
		at    time.Duration
		want  journey.Tide
	}{
		{"nothing was done", nil, s, journey.Tide{Factor: 1}},
		{"a turn takes effect at its instant", journey.Turns{{At: s, Factor: factor(2)}}, s, journey.Tide{Factor: 2}},
		{"and not before", journey.Turns{{At: s, Factor: factor(2)}}, s - 1, journey.Tide{Factor: 1}},
		{"it ends by itself", journey.Turns{{At: s, Until: 3 * s, Factor: factor(2)}}, 3 * s, journey.Tide{Factor: 1}},
		{"the latest counts", journey.Turns{{At: 2 * s, Factor: factor(3)}, {At: s, Factor: factor(2)}}, 5 * s, journey.Tide{Factor: 3}},
		{"an end of an earlier one ends no later one", journey.Turns{{At: s, Until: 3 * s, Factor: factor(2)}, {At: 2 * s, Factor: factor(3)}}, 4 * s, journey.Tide{Factor: 3}},
		{"a later one that has ended brings no earlier one back", journey.Turns{{At: s, Factor: factor(2)}, {At: 2 * s, Until: 3 * s, Factor: factor(3)}}, 4 * s, journey.Tide{Factor: 1}},
		{"of one instant, the last counts", journey.Turns{{At: s, Factor: factor(2)}, {At: s, Factor: factor(3)}}, s, journey.Tide{Factor: 3}},
		{"a hold and a factor do not replace each other", journey.Turns{{At: s, Factor: factor(2)}, {At: 2 * s, Until: 3 * s, Hold: held(true)}}, 2 * s, journey.Tide{Factor: 2, Held: true}},
		{"people come again", journey.Turns{{At: s, Hold: held(true)}, {At: 2 * s, Hold: held(false)}}, 2 * s, journey.Tide{Factor: 1}},
	} {
		if got := row.turns.At(row.at); got != row.want {
			t.Errorf("%s: the tide is %v, want %v", row.why, got, row.want)
		}
	}
}

// Above a scale of 1, the numbers of the crowd have gaps, and those who come in addition are beyond all of them.
func TestAddedPeopleAreOthersAtEveryScale(t *testing.T) {
	config := journey.Config{Steps: []journey.Step{{Name: "go", Kind: funnel.Request}}, Clock: workload.NewClock(0, 1), Seed: workload.Seed{Value: 1}}
	stream := func(purpose workload.Purpose, count int) workload.Arrivals {
		return workload.Arrivals{Seed: config.Seed, Purpose: purpose, Bins: workload.Bins{Width: time.Second, Counts: []int{count}}, Scale: 3}
	}
	crowd := journey.Crowd{Seed: config.Seed, People: 100_000, Clock: config.Clock, Signups: stream(1, 10), Visitors: stream(2, 90)}
	came, factor := map[uint64]bool{}, 10.0
	for caller := range (journey.Turns{{Factor: &factor}}).Coming(crowd, journey.New(config, nil, nil)) {
		if came[caller.Person] {
			t.Fatalf("person %d comes twice", caller.Person)
		}
		came[caller.Person] = true
	}
	if len(came) != 3000 {
		t.Errorf("%d people come, want 3000", len(came))
	}
	if crowd.People = 3000; crowd.RoomFor() {
		t.Error("the gaps have no room")
	}
}

// Those who come under any turns are people of the crowd, once each, or others, once each; who comes at a factor comes at a
// greater one too, at the same instant.
func TestComingIsConserved(t *testing.T) {
	config := journey.Config{
		Steps: []journey.Step{{Name: "look", Kind: funnel.Request}, {Name: "go", Kind: funnel.Request, Think: workload.ConstantTime(2 * time.Second)}}, Arrival: 1,
		Clock: workload.NewClock(0, 1).WithLead(2 * time.Second), Seed: workload.Seed{Value: 1},
	}
	bins := workload.Bins{Width: time.Second, Counts: []int{20, 30, 0, 25}}
	crowd := journey.Crowd{
		Seed: config.Seed, People: 10_000, Clock: config.Clock, Lead: 2 * time.Second,
		Signups:  workload.Arrivals{Seed: config.Seed, Purpose: 1, Bins: bins},
		Visitors: workload.Arrivals{Seed: config.Seed, Purpose: 2, Bins: bins},
	}
	walks := journey.New(config, nil, nil)
	coming := func(turns journey.Turns) map[uint64]time.Duration {
		people := map[uint64]time.Duration{}
		for caller := range turns.Coming(crowd, walks) {
			if _, twice := people[caller.Person]; twice {
				t.Fatalf("person %d comes twice under %v", caller.Person, turns)
			}
			people[caller.Person] = caller.At
		}
		return people
	}
	all := coming(nil)
	if len(all) != 150 {
		t.Fatalf("%d people come", len(all))
	}
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(0, 10).Draw(t, "low")
		high := rapid.Float64Range(low, 10).Draw(t, "high")
		at := time.Duration(rapid.Int64Range(0, int64(6*time.Second)).Draw(t, "at"))
		few, many := coming(journey.Turns{{At: at, Factor: &low}}), coming(journey.Turns{{At: at, Factor: &high}})
		for person, instant := range few {
			if many[person] != instant {
				t.Fatalf("person %d comes at %v × %v, and at %v × %v", person, instant, low, many[person], high)
			}
		}
		if low >= 1 {
			for person, instant := range all {
				if few[person] != instant {
					t.Fatalf("person %d of the crowd does not come × %v", person, low)
				}
			}
		}
		if most := float64(len(all)) * max(1, high); float64(len(many)) > most+float64(len(all)) {
			t.Fatalf("%d people come × %v", len(many), high)
		}
	})
}
