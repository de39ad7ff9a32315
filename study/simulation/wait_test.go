package simulation

import (
	"math"
	"slices"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// waiting is a scenario whose requests need 1 ms of one server and then a wait, behind a gate of four places. People
// come evenly, every 10 ms.
func waiting(hop string) string {
	return "schema: ombak.scenario/v1\nname: waiting\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\ndrain: 1h\n" +
		"arrivals: {step: go, mode: even, people: [{for: 960ms, rate: 100/s}]}\n" +
		"journey: [{name: go, timeout: 10h, " + hop + "}]\n" +
		"stations:\n  server: {service: 1ms}\n" +
		"plans:\n  - {name: as-is}\n  - {name: gated, policies: [{policy: bounded-fifo, at: entry, limit: 4, queue: 0}]}\n"
}

// TestWaitsHoldPlaces: a wait takes no server, so that people who wait delay nobody; but it takes a place at a gate in
// front of the service, which a delay before the request does not. With four places, 1 ms of work and 79 ms of waiting,
// four people pass in every 80 ms, in which eight come.
func TestWaitsHoldPlaces(t *testing.T) {
	for _, test := range []struct {
		why, plan, step string
		mean, rejected  float64
	}{
		{"nobody delays anybody", "as-is", `route: [{station: server}, {wait: 79ms}]`, .080, 0},
		{"the first stop may be a wait", "as-is", `route: [{wait: 79ms}, {station: server}]`, .080, 0},
		{"two waits", "as-is", `route: [{wait: 40ms}, {station: server}, {wait: 39ms}]`, .080, 0},
		{"half are turned away at the gate", "gated", `route: [{station: server}, {wait: 79ms}]`, .040, 48},
		{"a delay lies before the gate", "gated", `delay: 79ms, route: [{station: server}]`, .080, 0},
	} {
		model, err := setup.NewModel(parseScenario(t, waiting(test.step)), setup.Options{Plan: test.plan})
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		r := simulated(t, model, Settings{}).Report
		if mean := r.Steps[0].ResponseTimeS.Mean; math.Abs(mean-test.mean) > 1e-4 || r.Funnel[0].Rejected != test.rejected {
			t.Errorf("%s: mean %v, %v rejected; want %v and %v", test.why, mean, r.Funnel[0].Rejected, test.mean, test.rejected)
		}
		if busy := r.Stations[slices.IndexFunc(r.Stations, func(s report.StationRow) bool { return s.Name == "server" })].BusyS; math.Abs(busy-.001*r.Funnel[0].Passed) > 1e-9 {
			t.Errorf("%s: the server was busy for %v s, and %v people passed", test.why, busy, r.Funnel[0].Passed)
		}
	}
}

// TestWaitsAreDrawnApart: two waits of one route have chance of their own, so that their sum varies half as much as twice
// the same would.
func TestWaitsAreDrawnApart(t *testing.T) {
	text := waiting(`route: [{wait: "exponential(10ms)"}, {wait: "exponential(10ms)"}]`)
	model, err := setup.NewModel(parseScenario(t, text), setup.Options{Scale: 50})
	if err != nil {
		t.Fatal(err)
	}
	r := simulated(t, model, Settings{}).Report
	if erlang2 := .0663835; math.Abs(r.Steps[0].ResponseTimeS.P99/erlang2-1) > .05 { // 99 % of the sum of two; twice the same reach 92 ms
		t.Errorf("p99 is %v s, want %v", r.Steps[0].ResponseTimeS.P99, erlang2)
	}
}

// TestOtherProgramsTakeServers: what other programs take for a request delays those who come later, and is not work of the
// station. People come every 10 ms.
func TestOtherProgramsTakeServers(t *testing.T) {
	for _, test := range []struct {
		why, station         string
		mean, rejected, busy float64
	}{
		{"both fit between two arrivals", "service: 5ms, beside: 3ms", .005, 0, .5},
		{"every second finds a server that others use", "service: 8ms, beside: 4ms, queue: 1", .009, 0, .8},
		{"pieces are at least 1 ms, so one comes after every fourth", "service: 9500us, beside: 250us", .00962, 0, .95},
	} {
		model, err := setup.NewModel(parseScenario(t, simple("mode: even, people: [{for: 1s, rate: 100/s}]", test.station, "")), setup.Options{})
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		r := simulated(t, model, Settings{}).Report
		if mean := r.Steps[0].ResponseTimeS.Mean; math.Abs(mean-test.mean) > 1e-5 || r.Funnel[0].Rejected != test.rejected || math.Abs(r.Stations[0].BusyS-test.busy) > 1e-9 {
			t.Errorf("%s: mean %v, %v rejected, busy %v s; want %v, %v and %v", test.why, mean, r.Funnel[0].Rejected, r.Stations[0].BusyS, test.mean, test.rejected, test.busy)
		}
	}
}

// TestSlices plays two people who come 10 ms apart to one server, each with 30 ms of work. With slices of 8 ms the first
// works until 16 ms, and then both take turns: 16–24 the second, 24–32 the first, 32–40 the second, 40–46 the first, who
// is done, and 46–60 the second. Long slices are a line, and very short ones are served at the same time.
func TestSlices(t *testing.T) {
	for _, test := range []struct {
		station string
		mean    float64
	}{
		{"discipline: sharing, slice: 8ms, service: 30ms", (.046 + .050) / 2},
		{"discipline: sharing, slice: 30ms, service: 30ms", (.030 + .050) / 2},
		{"discipline: sharing, slice: 1us, service: 30ms", .050},
		{"discipline: sharing, service: 30ms", .050},
		{"discipline: sharing, slice: 8ms, servers: 2, service: 30ms", .030},
	} {
		model, err := setup.NewModel(parseScenario(t, simple("mode: even, people: [{for: 20ms, rate: 100/s}]", test.station, "")), setup.Options{})
		if err != nil {
			t.Fatalf("%s: %v", test.station, err)
		}
		r := simulated(t, model, Settings{}).Report
		if mean := r.Steps[0].ResponseTimeS.Mean; math.Abs(mean-test.mean) > 2e-5 || r.Stations[0].BusyS != .060 {
			t.Errorf("%s: mean %v s and busy %v s, want %v and 0.06", test.station, mean, r.Stations[0].BusyS, test.mean)
		}
	}
}
