package sim

import (
	"context"
	"iter"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// shopping is a surge on a shop that calls a gateway, without chance.
func shopping(people int) Config {
	server := func(name string, service time.Duration) Dependency {
		return Dependency{StationConfig: StationConfig{Name: name, Service: workload.Service{Servers: 100, ServiceTime: workload.ConstantTime(service)}}, Role: Generic}
	}
	config := Config{
		Seed: workload.Seed{Value: 1}, People: 100_000, Until: time.Minute, Opens: time.Date(2020, 4, 11, 19, 0, 0, 0, time.UTC),
		Signups: workload.Arrivals{Purpose: 1, Mode: workload.Even, Bins: workload.Bins{Width: time.Second, Counts: []int{people}}},
		Calls:   []Dependency{server("shop", 10*time.Millisecond), server("gateway", 40*time.Millisecond), server("ledger", 5*time.Millisecond)},
		Routes:  []Route{{{Kind: Call}}},
	}
	config.Signups.Seed = config.Seed
	config.Journey = journey.Config{Seed: config.Seed, Steps: []journey.Step{{Name: "order", Kind: funnel.Request, Continue: 1}}}
	return config
}

// played is a finished run with its model.
func played(t interface{ Fatal(...any) }, config Config) (*model, *log) {
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	var seen log
	m := newModel(config, &seen, NewEngine(), tables{})
	next, stop := iter.Pull(m.config.everyone())
	defer stop()
	m.blocks = next
	m.begin()
	if err := m.play(context.Background(), config.Until); err != nil {
		t.Fatal(err)
	}
	m.engine.Advance(config.Until)
	return m, &seen
}

// answers counts the outcomes of a run by status.
func answers(seen *log) map[funnel.Reason]int {
	counts := map[funnel.Reason]int{}
	for _, sample := range seen.samples {
		counts[sample.Reason]++
	}
	return counts
}

func busyTime(m *model, name string) time.Duration {
	for _, station := range m.floor.stations {
		if station.Name == name {
			return station.Reading().BusyTime
		}
	}
	return 0
}

// TestACallingDependencyIsBusyMeanwhile checks that the time of inner calls is part of the outer station's utilization.
func TestACallingDependencyIsBusyMeanwhile(t *testing.T) {
	const people = 50
	config := shopping(people)
	config.Calls[0].Calls = []Onward{{To: 1}, {To: 2}}
	config.Calls[1].Calls = []Onward{{To: 2}}
	m, seen := played(t, config)
	for name, each := range map[string]time.Duration{"shop": 60 * time.Millisecond, "gateway": 45 * time.Millisecond, "ledger": 10 * time.Millisecond} {
		if got := busyTime(m, name); got != people*each {
			t.Errorf("%s was busy for %v, want %v for each of %d people", name, got, each, people)
		}
	}
	for _, sample := range seen.samples {
		if took := sample.End - sample.Start; took != 60*time.Millisecond || sample.Outcome != funnel.Completed {
			t.Fatalf("a call ended %v after %v, want 10 + 40 + 5 + 5 ms", sample.Outcome, took)
		}
	}
}

// TestInnerCallsDecide checks what the answer of an inner call does to the request.
func TestInnerCallsDecide(t *testing.T) {
	const people = 50
	none := 0
	for _, test := range []struct {
		why    string
		change func(*Config)
		want   map[funnel.Reason]int
	}{
		{"all calls are answered", func(*Config) {}, map[funnel.Reason]int{200: people}},
		{"the stock of the inner dependency runs out", func(c *Config) {
			c.Calls[1].Stocks = []Stock{{7, 402}}
			c.Calls[0].Calls[0].Stock = 1
		}, map[funnel.Reason]int{200: 7, 402: people - 7}},
		{"the smaller of two stocks decides, and what the inner one gave is gone", func(c *Config) {
			c.Calls[0].Stocks, c.Calls[1].Stocks = []Stock{{5, 410}}, []Stock{{7, 402}}
			c.Routes[0][0].Stock, c.Calls[0].Calls[0].Stock = 1, 1
		}, map[funnel.Reason]int{200: 5, 410: 2, 402: people - 7}},
		{"a quota of the inner dependency fails the call", func(c *Config) { c.Calls[1].Quota.Most = 9 }, map[funnel.Reason]int{200: 9, 503: people - 9}},
		{"an inner queue that is full", func(c *Config) {
			c.Calls[1].Servers, c.Calls[1].Queue, c.Calls[1].ServiceTime = 1, &none, workload.ConstantTime(time.Hour)
		}, map[funnel.Reason]int{503: people - 1}},
		{"the timeout of an inner call", func(c *Config) {
			c.Calls[1].ServiceTime, c.Calls[0].Calls[0].Timeout = workload.ConstantTime(time.Second), time.Millisecond
		}, map[funnel.Reason]int{503: people}},
		{"an inner outage", func(c *Config) {
			c.Calls[1].Faults = fault.Schedule{{Kind: fault.Outage, For: time.Hour}}
		}, map[funnel.Reason]int{503: people}},
		{"an inner call that gets no answer ends with its timeout", func(c *Config) {
			c.Calls[1].Faults, c.Calls[0].Calls[0].Timeout = fault.Schedule{{Kind: fault.BlackHole, For: time.Hour}}, time.Second
		}, map[funnel.Reason]int{503: people}},
		{"the outer call times out, and the inner one is made for nobody", func(c *Config) { c.Calls[0].Timeout = 20 * time.Millisecond }, map[funnel.Reason]int{503: people}},
	} {
		config := shopping(people)
		config.Calls[0].Calls = []Onward{{To: 1}}
		test.change(&config)
		m, seen := played(t, config)
		got := answers(seen)
		for status, count := range test.want {
			if got[status] != count {
				t.Errorf("%s: answers %v, want %v", test.why, got, test.want)
				break
			}
		}
		if test.want[200] == people && m.floor.stations[1].stats.completions != people {
			t.Errorf("%s: the inner dependency served %d", test.why, m.floor.stations[1].stats.completions)
		}
	}
}

// TestNestedCallsLeaveNothingBehind checks conservation: when a run has ended, no row, server or call is left in use, and
// no more requests passed than the stock of the inner dependency held.
func TestNestedCallsLeaveNothingBehind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := drawRun(t)
		config.Until, config.ReadEvery = time.Hour, 0
		ms := func(name string) time.Duration {
			return time.Duration(rapid.IntRange(0, 12).Draw(t, name)) * time.Millisecond
		}
		for _, name := range []string{"gateway", "ledger"} {
			service := workload.Service{Servers: rapid.IntRange(1, 3).Draw(t, name), ServiceTime: workload.ExponentialTime(ms(name+" mean") + 1)}
			if rapid.Bool().Draw(t, name+" bounded") {
				queue := rapid.IntRange(0, 3).Draw(t, name+" queue")
				service.Queue, service.Deadline = &queue, ms(name+" deadline")
			}
			config.Calls = append(config.Calls, Dependency{
				StationConfig: StationConfig{Name: name, Service: service}, Role: Generic,
				Connections: rapid.IntRange(0, 4).Draw(t, name+" connections"),
			})
		}
		stock := rapid.IntRange(1, 200).Draw(t, "stock")
		config.Calls[0].Calls = []Onward{{To: 1, Timeout: ms("inner timeout"), Stock: 1}, {To: 2, Timeout: ms("second timeout")}}
		config.Calls[1].Stocks = []Stock{{stock, 409}}
		if rapid.Bool().Draw(t, "deep") {
			config.Calls[1].Calls = []Onward{{To: 2}}
		}
		if rapid.Bool().Draw(t, "faults") {
			config.Calls[1].Faults = fault.Schedule{{Kind: rapid.SampledFrom([]fault.Kind{fault.Outage, fault.BlackHole}).Draw(t, "fault"), At: 200 * time.Millisecond, For: 300 * time.Millisecond, Probability: 0.5}}
		}
		config.Routes[1] = Route{{Kind: AtStation}, {Kind: Call}}
		if rapid.Bool().Draw(t, "errands") {
			config.Routes[1] = Route{{Kind: AtStation}, {Kind: Async}}
		}
		m, seen := played(t, config)
		if free := len(m.freeRequests); free != len(m.requests) {
			t.Fatalf("%d of %d rows are free", free, len(m.requests))
		}
		for i, under := range m.calling {
			if under != 0 {
				t.Fatalf("%d calls of %s are under way", under, config.Calls[i].Name)
			}
		}
		for _, station := range m.floor.stations {
			if station.InUse() != 0 {
				t.Fatalf("%d requests are at %s", station.InUse(), station.Name)
			}
		}
		passed := 0
		for _, sample := range seen.samples {
			if sample.Outcome == funnel.Completed && sample.Step == 1 && config.Routes[1][1].Kind == Call {
				passed++
			}
		}
		if passed > stock {
			t.Fatalf("%d requests passed with a stock of %d", passed, stock)
		}
	})
}

func TestCallsInACircleAreRefused(t *testing.T) {
	for _, test := range []struct {
		why    string
		change func(*Config)
		want   string
	}{
		{"a circle", func(c *Config) { c.Calls[0].Calls, c.Calls[1].Calls = []Onward{{To: 1}}, []Onward{{To: 0}} }, "call each other in a circle"},
		{"itself", func(c *Config) { c.Calls[0].Calls = []Onward{{To: 0}} }, "call each other in a circle"},
		{"nobody", func(c *Config) { c.Calls[0].Calls = []Onward{{To: 9}} }, "dependency shop calls one that does not exist"},
		{"a shared server, which cannot be kept", func(c *Config) { c.Calls[0].Sharing, c.Calls[0].Calls = true, []Onward{{To: 1}} }, "shared servers and batches cannot be held"},
		{"a stock that is not there", func(c *Config) { c.Calls[0].Calls = []Onward{{To: 1, Stock: 1}} }, "takes from a stock that does not exist"},
		{"a stock of a route that is not there", func(c *Config) { c.Routes[0][0].Stock = 1 }, "takes from a stock that does not exist"},
	} {
		config := shopping(1)
		test.change(&config)
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
}

// TestSettingADependencyThatAnotherCalls checks that a new service time holds for the calls of other dependencies too.
func TestSettingADependencyThatAnotherCalls(t *testing.T) {
	config := shopping(1)
	config.Calls[0].Calls = []Onward{{To: 1}}
	config.Interventions = []Intervention{{Set: []Setting{{Kind: Call, To: 1, Terms: ServersTerm | ServiceTimeTerm, Service: workload.Service{Servers: 100, ServiceTime: workload.ConstantTime(time.Second)}}}}}
	var seen log
	if _, err := Run(context.Background(), config, func(int) funnel.Observer { return &seen }); err != nil {
		t.Fatal(err)
	}
	if took := seen.samples[0].ResponseTime(); took != 1010*time.Millisecond {
		t.Errorf("10 ms of the shop and 1 s of the gateway took %v", took)
	}
}

// TestTheDisciplineStays checks that nobody mixes up the order of those who wait.
func TestTheDisciplineStays(t *testing.T) {
	config := shopping(1)
	service := config.Calls[1].Service
	service.Discipline = workload.Priority
	config.Interventions = []Intervention{{Set: []Setting{{Kind: Call, To: 1, Terms: QueueTerm, Service: service}}}}
	if err := config.Validate(); err == nil || !strings.Contains(err.Error(), `the discipline of gateway is set to "priority"`) {
		t.Errorf("an intervention changes a discipline: %v", err)
	}
}
