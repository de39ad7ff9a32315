package simulation

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// simple is a scenario of one step at one station.
func simple(arrivals, station, step string) string {
	return "schema: ombak.scenario/v1\nname: simple\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\ndrain: 1h\n" +
		"arrivals: {step: go, " + arrivals + "}\n" +
		"journey: [{name: go, timeout: 10h, " + step + "route: [{station: server}]}]\n" +
		"stations:\n  server: {" + station + "}\n"
}

// TestLittle: at any station that everybody leaves served, the mean number waiting is the throughput times the mean wait
// (J. D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9, 1961).
func TestLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SampledFrom([]string{"", "discipline: lifo, ", "discipline: preemptive, ", "setup: 5ms, ", "pauses: {rate: 5/s, time: 30ms}, ", "discipline: sharing, ", "discipline: sharing, slice: 3ms, ", "batch: {rows: 3, age: 2ms}, "}).Draw(t, "keys")
		servers := rapid.IntRange(1, 3).Draw(t, "servers")
		rate := rapid.IntRange(20, 200).Draw(t, "rate")
		text := simple(fmt.Sprintf("people: [{for: 2s, rate: %d/s}]", rate), fmt.Sprintf("%sservers: %d, service: exponential(12ms)", keys, servers), "")
		scenario, err := scenarios.Parse("test.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		model, err := setup.NewModel(scenario, setup.Options{})
		if err != nil {
			t.Fatal(err)
		}
		played, err := Simulate(t.Context(), model, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		row := played.Report.Stations[0]
		if row.Completions == 0 {
			return
		}
		if throughput := row.Completions / played.Report.DurationS; math.Abs(row.QueueMean-throughput**row.WaitS) > 1e-9 {
			t.Fatalf("%q: %v wait, but %v/s wait for %v s each", keys, row.QueueMean, throughput, *row.WaitS)
		}
		sojourn, response := *row.WaitS+*row.ServiceS, played.Report.Steps[0].ResponseTimeS.Mean
		if math.Abs(sojourn-response) > 2e-6+1e-3*response { // histograms hold three digits of whole µs
			t.Fatalf("%q: requests spend %v s at the station, people wait %v s", keys, sojourn, response)
		}
		if *row.PWait < 0 || *row.PWait > 1 || (*row.PWait == 0) != (*row.WaitS == 0) {
			t.Fatalf("%q: the share %v waits, %v s on average", keys, *row.PWait, *row.WaitS)
		}
	})
}

// TestStationKeysReachTheSimulation plays what can be calculated by hand: people come every 10 ms to one server of 8 ms.
func TestStationKeysReachTheSimulation(t *testing.T) {
	const even = "mode: even, people: [{for: 1s, rate: 100/s}]"
	for _, test := range []struct {
		why, station, step string
		mean, rejected     float64
	}{
		{"nobody meets anybody", "service: 8ms", "", .008, 0},
		{"sharing: nor does anybody share", "discipline: sharing, service: 8ms", "", .008, 0},
		{"every server was idle", "setup: 1ms, service: 8ms", "", .009, 0},
		{"a set-up of 3 ms delays every second by 1 ms, who needs none then: 11 ms and 9 ms in turn", "setup: 3ms, service: 8ms", "", .010, 0},
		{"nobody balks at an empty server", "balk: 1000, service: 8ms", "", .008, 0},
		{"everybody balks at one in service, so every second is served", "balk: 1000000000, service: 12ms", "", .006, 50},
		{"pauses that never come", "pauses: {rate: 0.000001/s, time: 1s}, service: 8ms", "", .008, 0},
		{"a shared server with a queue of 0 has room for one", "discipline: sharing, queue: 0, service: 12ms", "", .006, 50},
	} {
		model, err := setup.NewModel(parseScenario(t, simple(even, test.station, test.step)), setup.Options{})
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		r := simulated(t, model, Settings{}).Report
		if mean := r.Steps[0].ResponseTimeS.Mean; math.Abs(mean-test.mean) > 1e-5 || r.Funnel[0].Rejected != test.rejected {
			t.Errorf("%s: mean %v, %v rejected; want %v and %v", test.why, mean, r.Funnel[0].Rejected, test.mean, test.rejected)
		}
	}
}

// TestClosedPopulationGoesRound: three people who each think 1 s and are served in 1 s at a server of their own walk 50
// rounds in 100 s. The last round of each ends after the population has closed.
func TestClosedPopulationGoesRound(t *testing.T) {
	text := simple("closed: {people: 3, think: 1s, for: 100s}", "servers: 3, service: 1s", "")
	model, err := setup.NewModel(parseScenario(t, text), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := simulated(t, model, Settings{Replications: 2}).Report
	if row := r.Funnel[0]; row.Entered != 150 || row.Passed != 150 || r.Offered.Scheduled != 150 || r.Offered.Completed != 150 || r.Verdict != report.Pass {
		t.Errorf("%+v, %+v, %s", row, r.Offered, r.Verdict)
	}
	if row := r.Stations[0]; row.BusyS != 150 || *row.PWait != 0 {
		t.Errorf("%+v", row)
	}
	half, err := setup.NewModel(parseScenario(t, text), setup.Options{Scale: 2. / 3})
	if err != nil || half.Config.Closed.People != 2 {
		t.Errorf("two thirds of three are %d (%v)", half.Config.Closed.People, err)
	}
}

// TestSteady: the warm-up of a slow start is cut, the books of the rest balance, and intervals surround the figures.
func TestSteady(t *testing.T) {
	model, err := setup.NewModel(parseScenario(t, simple("people: [{for: 1000s, rate: 20/s}], visitors: [{for: 1000s, rate: 5/s}]", "servers: 2, service: exponential(20ms)", "")), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	played, err := Steady(t.Context(), model, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	r := played.Report
	if r.Steady == nil || !r.Steady.Settled || r.Verdict != report.Pass || r.Steady.CutS > 500 || r.DurationS != r.Steady.BatchS*20 || math.Abs(r.DurationS+r.Steady.CutS-1000) > 1 {
		t.Fatalf("%+v, %s, %v s, %v", r.Steady, r.Verdict, r.DurationS, r.Invalid)
	}
	for _, figure := range []struct {
		name  string
		value float64
		of    report.Intervals
		known float64
	}{
		{"throughput_per_s", r.Steps[0].ThroughputPerS, r.Steps[0].CI95, 25},
		{"entered", r.Funnel[0].Entered, r.Funnel[0].CI95, 25 * r.DurationS},
		{"busy_s", r.Stations[0].BusyS, r.Stations[0].CI95, .5 * r.DurationS},
		{"service_s", *r.Stations[0].ServiceS, r.Stations[0].CI95, .02},
	} {
		interval := figure.of[figure.name]
		if half := (interval[1] - interval[0]) / 2; figure.value < interval[0] || figure.value > interval[1] || math.Abs(figure.value-figure.known) > 4*half || half > .1*figure.known {
			t.Errorf("%s is %v, %v, want %v", figure.name, figure.value, interval, figure.known)
		}
	}
	if _, has := r.Funnel[0].CI95["peak_passed_per_min"]; has {
		t.Error("a peak has an interval")
	}
}

// TestSteadyRefusesAndDoubts: loads that change have no steady state, and a load above the capacity does not settle.
func TestSteadyRefusesAndDoubts(t *testing.T) {
	for _, test := range []struct{ why, arrivals, want string }{
		{"a ramp", "people: [{for: 10s, from: 1/s, to: 9/s}]", "the rate of arrivals.people varies"},
		{"two rates", "people: [{for: 10s, rate: 1/s}, {for: 10s, rate: 2/s}]", "the rate of arrivals.people varies"},
		{"visitors leave early", "people: [{for: 10s, rate: 1/s}], visitors: [{for: 5s, rate: 1/s}]", "the rate of arrivals.visitors varies"},
	} {
		model, err := setup.NewModel(parseScenario(t, simple(test.arrivals, "service: 1ms", "")), setup.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Steady(t.Context(), model, Settings{}); !errors.Is(err, setup.ErrRefused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
	model, err := setup.NewModel(parseScenario(t, simple("people: [{for: 200s, rate: 20/s}]", "service: 60ms", "")), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	played, err := Steady(t.Context(), model, Settings{})
	if err != nil || played.Report.Verdict != report.Inconclusive || played.Report.Steady.Settled {
		t.Errorf("a load of 1.2: %s, %+v (%v)", played.Report.Verdict, played.Report.Steady, err)
	}
}
