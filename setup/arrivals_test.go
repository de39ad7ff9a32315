package setup

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/scenarios"
)

// both is a scenario that can be replayed and simulated.
func both(t *testing.T, arrivals string) *scenarios.Scenario {
	t.Helper()
	return parseScenario(t, "schema: ombak.scenario/v1\nname: both\nopens: 2020-04-11T19:00:00+07:00\nseed: 5\narrivals: {step: go, "+arrivals+"}\n"+`
targets: {web: {url: "http://127.0.0.1:1"}}
journey:
  - {name: look, request: {target: web, path: /}, route: [{station: service}]}
  - {name: go, think: exponential(1s), request: {target: web, path: /}, route: [{station: service}]}
stations: {service: {service: 10ms}}
`)
}

// TestTheSameArrivalsLiveAndSimulated: the generator and the simulator have the same people at the same instants, and parts
// of generators divide them.
func TestTheSameArrivalsLiveAndSimulated(t *testing.T) {
	for _, test := range []struct {
		why, arrivals string
		scale         float64
		least, most   int
	}{
		{"renewal", "renewal: 'gamma(mean=1s, scv=3)', people: [{for: 20s, from: 0/s, to: 40/s}]", 1, 300, 500},
		{"beyond the scenario", "people: [{for: 20s, rate: 20/s}], visitors: [{for: 20s, rate: 5/s}]", 2.5, 1100, 1400},
		{"renewal beyond the scenario", "renewal: 1s, people: [{for: 20s, rate: 20/s}]", 2, 790, 800},
		{"a part of a renewal process", "renewal: 1s, people: [{for: 20s, rate: 20/s}]", .5, 160, 240},
	} {
		options := Options{Scale: test.scale}
		model, err := NewModel(both(t, test.arrivals), options)
		if err != nil {
			t.Fatal(err)
		}
		live, err := NewLoad(both(t, test.arrivals), options)
		if err != nil {
			t.Fatal(err)
		}
		played := slices.Collect(live.Generator.Callers())
		if simulated := slices.Collect(model.Config.Crowd().Part(0, 1)); !slices.Equal(played, simulated) || len(played) < test.least || len(played) > test.most {
			t.Errorf("%s: %d people live, %d simulated, want from %d to %d", test.why, len(played), len(simulated), test.least, test.most)
		}
		if live.Offered.Scheduled != len(played) || model.Offered.Scheduled != len(played) {
			t.Errorf("%s: %d and %d are offered of %d", test.why, live.Offered.Scheduled, model.Offered.Scheduled, len(played))
		}
		parts := 0
		for part := range 3 {
			of, err := NewLoad(both(t, test.arrivals), Options{Scale: test.scale, Part: part, Parts: 3})
			if err != nil {
				t.Fatal(err)
			}
			parts += count(of.Generator.Callers())
		}
		if parts != len(played) {
			t.Errorf("%s: three parts have %d of %d people", test.why, parts, len(played))
		}
	}
}

func count(callers iter.Seq[journey.Caller]) (n int) {
	for range callers {
		n++
	}
	return n
}

// TestClosedReachesBothEngines: the population of a scenario goes round live and simulated, everybody from the first step.
func TestClosedReachesBothEngines(t *testing.T) {
	const arrivals = "closed: {people: 6, think: 2s, for: 30s}"
	model, err := NewModel(both(t, arrivals), Options{})
	if err != nil {
		t.Fatal(err)
	}
	live, err := NewLoad(both(t, arrivals), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, closed := range []journey.Closed{model.Config.Closed, live.Generator.Closed} {
		if closed.People != 6 || closed.Think.Mean() != 2 || closed.Until != 30*time.Second {
			t.Errorf("%+v", closed)
		}
	}
	if a, b := model.Config.Journey.Arrival, live.Generator.Journey.Arrival; a != -1 || b != -1 {
		t.Errorf("people arrive at the steps %d and %d, want the first of their journey", a, b)
	}
	part, err := NewLoad(both(t, arrivals), Options{Part: 1, Parts: 3})
	if err != nil || part.Generator.Closed.People != 2 {
		t.Errorf("a third of six are %d (%v)", part.Generator.Closed.People, err)
	}
	for _, test := range []struct {
		options Options
		want    string
	}{
		{Options{MaxRate: 10}, "so max-rate cannot bound it"},
		{Options{Part: 0, Parts: 4}, "6 people go round, who cannot be divided evenly among 4 generators"},
	} {
		if _, err := NewLoad(both(t, arrivals), test.options); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
