package sim

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// browsing is a surge on one server with a cache in front of it.
func browsing(people int, over time.Duration, service string, cache resilience.HitConfig) Config {
	config := Config{
		Seed: workload.Seed{Value: 1}, People: 100_000_000, Until: 2 * over, Opens: time.Date(2020, 4, 11, 19, 0, 0, 0, time.UTC),
		Signups:  workload.Arrivals{Purpose: 1, Mode: workload.Poisson, Bins: workload.Bins{Width: over, Counts: []int{people}}},
		Stations: []StationConfig{{Name: "db", Service: workload.Service{ServiceTime: dist(service)}}},
		Caches:   []StationCache{{HitConfig: cache}},
		Routes:   []Route{{{Kind: AtStation}}},
	}
	config.Journey = journey.Config{Steps: []journey.Step{{Name: "browse", Kind: funnel.Request, Continue: 1}}}
	return config.seeded(1)
}

func (c Config) seeded(seed uint64) Config {
	c.Seed = workload.Seed{Value: seed}
	c.Signups.Seed, c.Journey.Seed = c.Seed, c.Seed
	return c
}

// TestHitsTakeNoServer checks the extremes: everything hits, or nothing does.
func TestHitsTakeNoServer(t *testing.T) {
	const people = 200
	m, seen := played(t, browsing(people, time.Second, "10ms", resilience.HitConfig{Rate: 1, Time: 3 * time.Millisecond}))
	for _, sample := range seen.samples {
		if took := sample.End - sample.Start; took != 3*time.Millisecond || sample.Outcome != funnel.Completed {
			t.Fatalf("a hit ended %v after %v, want 3 ms", sample.Outcome, took)
		}
	}
	if stats := m.floor.stations[0].stats; len(seen.samples) != people || stats.arrivals != 0 || stats.busyTime != 0 {
		t.Errorf("%d people, the station saw %+v; want nothing", len(seen.samples), stats)
	}
	m, never := played(t, browsing(people, time.Second, "exponential(4ms)", resilience.HitConfig{Time: time.Hour}))
	without := browsing(people, time.Second, "exponential(4ms)", resilience.HitConfig{})
	without.Caches = nil
	_, plain := played(t, without)
	if m.floor.stations[0].stats.completions != people {
		t.Errorf("the station completed %d, want all of %d", m.floor.stations[0].stats.completions, people)
	}
	for i := range plain.samples {
		if never.samples[i] != plain.samples[i] {
			t.Fatalf("without hits, attempt %d was %+v, without a cache %+v", i, never.samples[i], plain.samples[i])
		}
	}
}

// TestHitsAreDrawnPerPerson checks that a higher hit rate only adds hits, that the share is right, and that a second stop
// has draws of its own.
func TestHitsAreDrawnPerPerson(t *testing.T) {
	const people = 20_000
	hit := func(rate float64, stops int) map[int]bool {
		config := browsing(people, time.Hour, "10ms", resilience.HitConfig{Rate: rate})
		for range stops - 1 {
			config.Routes[0] = append(config.Routes[0], Hop{Kind: AtStation})
		}
		_, seen := played(t, config)
		all := map[int]bool{}
		for _, sample := range seen.samples {
			all[int(sample.Session)] = sample.End == sample.Start
		}
		return all
	}
	count := func(all map[int]bool) (n int) {
		for _, is := range all {
			if is {
				n++
			}
		}
		return n
	}
	few, many, both := hit(0.3, 1), hit(0.6, 1), hit(0.6, 2)
	for person, is := range few {
		if is && !many[person] {
			t.Fatalf("person %d hits at 30 %% and misses at 60 %%", person)
		}
	}
	// Binomial: the standard deviation of each share is at most 0.35 %; four of them are allowed.
	for _, test := range []struct {
		why       string
		got, want float64
	}{
		{"30 %", float64(count(few)) / people, 0.3}, {"60 %", float64(count(many)) / people, 0.6}, {"60 % at both stops", float64(count(both)) / people, 0.36},
	} {
		if off := test.got - test.want; off > 0.014 || off < -0.014 {
			t.Errorf("%s: the share of hits is %.4f", test.why, test.got)
		}
	}
}

func TestCachesAreValidated(t *testing.T) {
	for why, caches := range map[string][]StationCache{
		"two at one station": {{}, {}}, "a station that is not there": {{Station: 1}}, "a rate above 1": {{HitConfig: resilience.HitConfig{Rate: 1.1}}},
	} {
		config := browsing(1, time.Second, "1ms", resilience.HitConfig{})
		if config.Caches = caches; config.Validate() == nil {
			t.Errorf("%s was accepted", why)
		}
	}
}
