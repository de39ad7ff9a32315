package mocks

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// barely returns the least that mocks can be configured with.
func barely() Config {
	return Config{Seed: workload.Seed{Value: 1}, Opens: time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC)}
}

// unbound returns mocks without listeners, for virtual time.
func unbound(t *testing.T, change func(*Config)) *Mocks {
	t.Helper()
	config := barely()
	change(&config)
	m, err := newMocks(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// TestForgottenFaultsEnd checks that a forgotten fault ends after a minute, also at ten times the speed, and
// that its beginning and end are reported.
func TestForgottenFaultsEnd(t *testing.T) {
	for _, speed := range []float64{1, 10} {
		synctest.Test(t, func(t *testing.T) {
			m := unbound(t, func(*Config) {})
			var fates []Fate
			m.Watch(func(fate Fate) { fates = append(fates, fate) })
			m.Begin(time.Now(), workload.NewClock(0, speed))
			time.Sleep(5 * time.Second)
			if _, err := m.StartFault(fault.Description{Fault: "dukcapil-brownout"}, "", 0, ""); err != nil {
				t.Fatal(err)
			}
			station := m.part("dukcapil").station
			if got := station.suffer(m.clock.scenario()).Capacity; math.Abs(got-0.2) > 1e-9 {
				t.Errorf("speed %v: capacity %v under the brown-out", speed, got)
			}
			time.Sleep(DefaultLimit - time.Second)
			if len(m.Faults(false)) != 1 {
				t.Errorf("speed %v: a second early, %+v", speed, m.Faults(false))
			}
			time.Sleep(2 * time.Second)
			if got := station.suffer(m.clock.scenario()).Capacity; len(m.Faults(false)) != 0 || got != 1 {
				t.Errorf("speed %v: still active: %+v, capacity %v", speed, m.Faults(false), got)
			}
			_ = m.Close()
			want := Fate{On: "dukcapil", Fault: "dukcapil-brownout", Hand: true, At: 5 * time.Second}
			if len(fates) != 2 || !near(fates[0], want) {
				t.Fatalf("speed %v: reported %+v", speed, fates)
			}
			want.For = DefaultLimit
			if !near(fates[1], want) {
				t.Errorf("speed %v: reported %+v, want %+v", speed, fates[1], want)
			}
		})
	}
}

// near compares fates up to the rounding of a clock that is not real time.
func near(a, b Fate) bool {
	close := (a.At-b.At).Abs() < time.Millisecond && (a.For-b.For).Abs() < time.Millisecond
	a.At, a.For = b.At, b.For
	return close && a == b
}

// TestScheduleIsRepeatable checks that scheduled faults begin and end on schedule in two identical runs, and
// that active faults end when the mocks close.
func TestScheduleIsRepeatable(t *testing.T) {
	var runs [2][]Fate
	for i := range runs {
		synctest.Test(t, func(t *testing.T) {
			m := unbound(t, func(c *Config) {
				trouble := Trouble{WarmUp: fault.WarmUp{For: time.Second, From: 0.5}}
				trouble.Faults = fault.Schedule{{Kind: fault.Outage, At: 2 * time.Second, For: 3 * time.Second}, {Kind: fault.Reset, At: 4 * time.Second}}
				c.Registries = map[string]Registry{"dtks": {Trouble: trouble}}
			})
			m.Watch(func(fate Fate) { runs[i] = append(runs[i], fate) })
			m.Begin(time.Now(), workload.Clock{})
			time.Sleep(10 * time.Second)
			_ = m.Close()
		})
	}
	const s = time.Second
	want := []Fate{
		{"dtks", "outage", false, 2 * s, 0, ""},
		{"dtks", "reset", false, 4 * s, 0, ""},
		{"dtks", "outage", false, 2 * s, 3 * s, ""},
		{"dtks", "warm-up after outage", false, 5 * s, 0, ""},
		{"dtks", "warm-up after outage", false, 5 * s, s, ""},
		{"dtks", "reset", false, 4 * s, 6 * s, ""},
	}
	if !slices.Equal(runs[0], runs[1]) || !slices.Equal(runs[0], want) {
		t.Errorf("reported\n%+v\nand\n%+v, want\n%+v", runs[0], runs[1], want)
	}
}

// TestConservationUnderEveryFault checks that arrived = served + rejected + waiting + in service holds at every
// instant under any fault, and that the same seed strikes the same requests.
func TestConservationUnderEveryFault(t *testing.T) {
	for _, kind := range fault.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				most := rapid.IntRange(0, 4).Draw(t, "queue")
				service := workload.Service{Servers: 2, ServiceTime: workload.ExponentialTime(100 * time.Millisecond), Queue: &most, Deadline: 150 * time.Millisecond, Quota: workload.QuotaTerms{Most: 30}, Degrades: workload.Degradation{Load: 3, Factor: 2}}
				trouble := Trouble{Faults: fault.Schedule{{
					Kind: kind, At: time.Second, For: 2 * time.Second, Probability: rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "probability"), Delay: 50 * time.Millisecond,
					Capacity: 0.3, Quota: 0.3, Skew: time.Hour, Every: rapid.SampledFrom([]time.Duration{0, 300 * time.Millisecond}).Draw(t, "every"),
				}}, WarmUp: fault.WarmUp{For: time.Second, From: 0.2}}
				var gaps []time.Duration
				for range rapid.IntRange(1, 80).Draw(t, "arrivals") {
					gaps = append(gaps, time.Duration(rapid.IntRange(0, 150).Draw(t, "gap ms"))*time.Millisecond)
				}
				first, struck := playUnder(t, service, trouble, gaps)
				again, struckAgain := playUnder(t, service, trouble, gaps)
				if first != again || !slices.Equal(struck, struckAgain) {
					t.Fatalf("one seed, two histories: %+v, %+v", first, again)
				}
			})
		})
	}
}

func playUnder(t *rapid.T, service workload.Service, trouble Trouble, gaps []time.Duration) (Reading, []fault.Strike) {
	seed := workload.Seed{Value: 5}
	board := newBoard("x", "generic", seed, trouble)
	queue, err := NewQueue(service, time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC), seed.Stream(1, 0, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Duration(0)
	var struck []fault.Strike
	for _, gap := range gaps {
		now += gap
		strike := board.strike(now, &net.TCPAddr{})
		struck = append(struck, strike)
		if strike.Has(fault.Outage) || strike.Has(fault.BlackHole) || strike.Has(fault.Reset) || strike.Has(fault.Refused) {
			queue.Strike(now)
		} else {
			queue.Arrive(now, now, board.effect(now))
		}
		got := queue.Reading(now)
		if got.Arrivals != uint64(len(struck)) || got.Arrivals != got.Completions+got.Rejections+uint64(got.Busy+got.Queued) {
			t.Fatalf("a request is lost at %v: %+v", now, got)
		}
	}
	last := queue.Reading(now + time.Hour)
	if last.Busy != 0 || last.Queued != 0 {
		t.Fatalf("a request is still in the queue: %+v", last)
	}
	return last, struck
}

// TestDelaysEmergeFromTheLoad checks that HTTP requests, on connections in memory and in virtual time, wait as
// long as Erlang C (M/M/4, 9 arrivals and 5 services a second: Wq = .1051638928/9) and Pollaczek and Khinchine
// (M/D/1, ρ = .8: Wq = .8/(2·.2)·S) predict. The mean is over eight seeds; the tolerance is four standard
// errors.
func TestDelaysEmergeFromTheLoad(t *testing.T) {
	warmFasthttp(t)
	for _, test := range []struct {
		why     string
		service workload.Service
		rate    float64
		want    float64 // seconds
	}{
		{"Erlang C", workload.Service{Servers: 4, ServiceTime: workload.ExponentialTime(200 * time.Millisecond)}, 9, 0.1051638928/9 + 0.2},
		{"Pollaczek–Khinchine", workload.Service{ServiceTime: workload.ConstantTime(100 * time.Millisecond)}, 8, 0.8/(2*0.2)*0.1 + 0.1},
	} {
		const seeds = 8
		var sum, squares float64
		for seed := range uint64(seeds) {
			mean := askMany(t, test.service, test.rate, seed, 3000)
			sum, squares = sum+mean, squares+mean*mean
		}
		mean := sum / seeds
		deviation := math.Sqrt((squares/seeds - mean*mean) / (seeds - 1))
		if math.Abs(mean-test.want) > 4*deviation {
			t.Errorf("%s: answers took %v ± %v s, want %v", test.why, mean, deviation, test.want)
		}
	}
}

// warmFasthttp makes fasthttp start its permanent goroutines outside of any bubble of virtual time.
func warmFasthttp(t *testing.T) {
	t.Helper()
	here, there := net.Pipe()
	var serving sync.WaitGroup
	serving.Go(func() { _ = newServer(func(*fasthttp.RequestCtx) {}).ServeConn(there) })
	askOnce(t, here)
	serving.Wait()
}

func askOnce(t *testing.T, conn net.Conn) {
	if _, err := fmt.Fprint(conn, "GET /dtks/households/1 HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n"); err != nil {
		t.Error(err)
	}
	answer := make([]byte, 1024)
	if n, err := conn.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200 ") {
		t.Errorf("%q, %v", answer[:n], err)
	}
	_ = conn.Close()
}

// askMany plays Poisson arrivals and returns the mean response time in seconds.
func askMany(t *testing.T, service workload.Service, rate float64, seed uint64, requests int) (mean float64) {
	synctest.Test(t, func(t *testing.T) {
		m := unbound(t, func(c *Config) { c.Registries, c.Seed.Value = map[string]Registry{"dtks": {Service: service}}, seed })
		server := newServer(m.doorOf(m.part("dtks")))
		stream := workload.Seed{Value: seed}.Stream(workload.NewPurpose("test.arrivals"), 0, 0, 0)
		times := make([]time.Duration, requests)
		var all sync.WaitGroup
		for i := range requests {
			time.Sleep(time.Duration(stream.ExpFloat64() / rate * float64(time.Second)))
			all.Go(func() {
				here, there := net.Pipe()
				begun := time.Now()
				all.Go(func() { _ = server.ServeConn(there) })
				askOnce(t, here)
				times[i] = time.Since(begun)
			})
		}
		all.Wait()
		for _, took := range times {
			mean += took.Seconds() / float64(requests)
		}
	})
	return mean
}
