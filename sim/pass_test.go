package sim

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// log records what an observer receives.
type log struct {
	entered []time.Duration
	samples []funnel.Sample
}

func (l *log) Enter(_ int, intended time.Duration) { l.entered = append(l.entered, intended) }
func (l *log) Observe(sample funnel.Sample)        { l.samples = append(l.samples, sample) }

// TestPassingChangesNothing checks that requests served without an event get the same results as all others. A
// quota that is never reached makes a station serve by events alone.
func TestPassingChangesNothing(t *testing.T) {
	passed := 0
	rapid.Check(t, func(t *rapid.T) {
		config := drawRun(t)
		play := func(quota int) (log, Result) {
			config.Stations = slices.Clone(config.Stations)
			for i := range config.Stations {
				config.Stations[i].Quota.Most = quota
			}
			var seen log
			result, err := Run(context.Background(), config, func(int) funnel.Observer { return &seen })
			if err != nil {
				t.Fatal(err)
			}
			return seen, result
		}
		seen, result := play(0)
		bySeen, byEvents := play(1 << 40)
		if !reflect.DeepEqual(bySeen, seen) {
			for i := range min(len(seen.samples), len(bySeen.samples)) {
				if seen.samples[i] != bySeen.samples[i] {
					t.Fatalf("attempt %d was %+v, by events %+v", i, seen.samples[i], bySeen.samples[i])
				}
			}
			t.Fatalf("%d attempts, by events %d", len(seen.samples), len(bySeen.samples))
		}
		if !reflect.DeepEqual(byEvents, result) {
			for i := range min(len(result.Readings), len(byEvents.Readings)) {
				if result.Readings[i] != byEvents.Readings[i] {
					t.Fatalf("a reading is %+v, by events %+v", result.Readings[i], byEvents.Readings[i])
				}
			}
			result.Readings, byEvents.Readings = nil, nil
			t.Fatalf("the result is %+v, by events %+v", result, byEvents)
		}
		passed += len(seen.samples)
	})
	if passed == 0 {
		t.Error("no run had an attempt")
	}
}

// drawRun draws a small surge in which services, timeouts, patience and the gaps between people are of similar
// length. Times are whole, so many coincide.
func drawRun(t *rapid.T) Config {
	ms := func(name string, least, most int) time.Duration {
		return time.Duration(rapid.IntRange(least, most).Draw(t, name)) * time.Millisecond
	}
	work := func(name string) workload.Service {
		time := workload.ConstantTime(ms(name, 0, 6))
		if rapid.Bool().Draw(t, name+" varies") {
			time = workload.ExponentialTime(ms(name+" mean", 1, 6))
		}
		return workload.Service{Servers: rapid.IntRange(1, 3).Draw(t, name+" servers"), ServiceTime: time}
	}
	config := Config{
		Seed: workload.Seed{Value: rapid.Uint64().Draw(t, "seed")}, People: 1000, Until: 2 * time.Second, ReadEvery: ms("reading", 5, 100),
		Opens: time.Date(2020, 4, 11, 19, 0, 0, 0, time.UTC), Signups: workload.Arrivals{
			Purpose: 1, Mode: workload.Even, Bins: workload.Bins{Width: time.Second, Counts: []int{rapid.IntRange(1, 300).Draw(t, "people")}},
		},
		Stations: []StationConfig{{Name: "web", Service: work("web")}, {Name: "store", Service: work("store")}},
		Calls:    []Dependency{{StationConfig: StationConfig{Name: "registry", Service: work("registry")}, Role: Generic, Timeout: ms("call timeout", 0, 12)}},
	}
	config.Signups.Seed = config.Seed
	if rapid.Bool().Draw(t, "gate") {
		config.Calls[0].Policies = []resilience.Policy{queueing(1, 2, ms("deadline", 1, 9))}
	}
	if rapid.Bool().Draw(t, "door") {
		config.Doors = []Door{{Step: -1, Policy: queueing(2, 4, ms("door deadline", 1, 9))}}
	}
	routes := []Route{{{Kind: AtStation}}, {{Kind: AtStation}, {Kind: AtStation, To: 1}}, {{Kind: AtStation}, {Kind: Call}, {Kind: AtStation, To: 1}}, {{Kind: Call}}}
	for _, name := range []string{"first", "second"} {
		step := journey.Step{Name: name, Kind: funnel.Request, Continue: 1, Timeout: ms(name+" timeout", 0, 12), Think: workload.ConstantTime(ms(name+" think", 0, 20))}
		step.Retry = journey.Retry{Attempts: rapid.IntRange(0, 3).Draw(t, name+" attempts"), Base: ms(name+" backoff", 0, 10)}
		if rapid.Bool().Draw(t, name+" patience") {
			step.Patience = workload.ExponentialTime(ms(name+" patience", 1, 10))
		}
		config.Journey.Steps = append(config.Journey.Steps, step)
		config.Routes = append(config.Routes, rapid.SampledFrom(routes).Draw(t, name+" route"))
	}
	config.Journey.Seed = config.Seed
	if rapid.Bool().Draw(t, "network") {
		config.Delays = []workload.Distribution{workload.ConstantTime(ms("delay", 0, 3)), {}}
	}
	return config
}

func queueing(limit, queue int, deadline time.Duration) resilience.Policy {
	return resilience.Policy{Name: "bounded-fifo", Settings: resilience.Settings{Limit: limit, Queue: queue, Deadline: deadline}}
}
