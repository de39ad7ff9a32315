package calibration

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/workload"
)

// liveHalf is a scenario as somebody writes it for a service of theirs: no stations, no routes.
const liveHalf = `
schema: ombak.scenario/v1
name: shop
opens: 2026-01-05T09:00:00+07:00
seed: 5
targets: {api: {url: "http://127.0.0.1:1"}}
arrivals: {step: visit, signups: [{for: 20s, rate: 5/s}]}
journey:
  - {name: visit, request: {target: api, path: /}, continue: $VISIT}
  - {name: register, request: {target: api, method: POST, path: /users}, think: "exponential(1s)", continue: $REGISTER}
  - {name: sign-in, request: {target: api, method: POST, path: /auth}, think: "exponential(1s)", continue: $SIGNIN}
  - {name: create, request: {target: api, method: POST, path: /items}, think: "exponential(1s)", continue: $CREATE}
  - {name: list, request: {target: api, path: /items}, think: "exponential(1s)"}
`

// truth is the model behind the made reports: a dear hash, cheap pages, and a database that some steps use.
const truth = `
stations:
  api: {servers: 2, service: 1ms}
  db: {servers: 1, service: 1ms}
journey:
  visit: {route: [{station: api, work: 1ms}], delay: 3ms}
  register: {route: [{station: api, work: 65ms}, {station: db, work: "exponential(8ms)"}]}
  sign-in: {route: [{station: api, work: 60ms}, {station: db, work: 1ms}]}
  create: {route: [{station: api, work: "exponential(2ms)"}, {station: db, work: "exponential(6ms)"}], delay: 5ms}
  list: {route: [{station: api, work: 3ms}, {station: db, work: 2ms}]}
`

// shop returns the scenario with a model and its usual mix.
func shop(t *testing.T, model string) *scenarios.Scenario { return shopOf(t, model, "1 0.7 1 0.8") }

// shopOf lets other shares of people go on after each step, which makes another mix.
func shopOf(t *testing.T, model, shares string) *scenarios.Scenario {
	t.Helper()
	on := strings.Fields(shares)
	text := strings.NewReplacer("$VISIT", on[0], "$REGISTER", on[1], "$SIGNIN", on[2], "$CREATE", on[3]).Replace(liveHalf)
	scenario, err := scenarios.Parse("shop.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if model == "" {
		return scenario
	}
	modelled, err := scenario.WithModel("truth.yaml", []byte(model))
	if err != nil {
		t.Fatal(err)
	}
	return modelled
}

// asMeasured simulates a rate and returns it as a live report, in which each station is a watched process that idles a
// little, and whose CPU is counted in hundredths of a second.
func asMeasured(t *testing.T, scenario *scenarios.Scenario, rate float64, length time.Duration) report.Report {
	t.Helper()
	run, err := setup.NewModel(scenario, setup.Options{Rate: workload.Rate(rate), For: length})
	if err != nil {
		t.Fatal(err)
	}
	simulated, err := simulation.Simulate(t.Context(), run, simulation.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	r := simulated.Report
	r.Engine, r.Machine = report.Live, &report.Machine{CPUs: 2}
	r.Played = &report.Played{ConstantPerS: rate, ConstantForS: length.Seconds(), RatePerS: rate}
	const idle = 0.01
	for _, station := range r.Series.Stations {
		series := report.ProcessSeries{Name: station.Name}
		for k, at := range station.TS {
			cpu := math.Floor(100*(station.BusyS[k]+idle*at)) / 100
			series.TS, series.CPUS, series.RSSBytes = append(series.TS, at), append(series.CPUS, cpu), append(series.RSSBytes, 0)
		}
		r.Series.Processes = append(r.Series.Processes, series)
		total := series.CPUS[len(series.CPUS)-1]
		r.Processes = append(r.Processes, report.Process{Name: station.Name, CPUS: &total, Watched: true})
	}
	r.Stations, r.Series.Stations = nil, nil
	return r
}

// levelsOf returns reports of five light loads, each of another mix.
func levelsOf(t *testing.T, truth string) (reports []report.Report) {
	t.Helper()
	for _, level := range []struct {
		rate   float64
		shares string
	}{{30, "0.1 0.7 1 0.8"}, {20, "0.9 0.1 1 0.8"}, {7, "1 1 0.2 0.8"}, {8, "1 1 1 0.1"}, {7, "1 1 1 1"}} {
		reports = append(reports, asMeasured(t, shopOf(t, truth, level.shares), level.rate, 90*time.Second))
	}
	return reports
}

// TestDemandsOfStepsAreFound: from the CPU of two processes over four loads, the demand of each step on each of them is
// found, cheap beside dear; and the model as written predicts a load that the fit has not seen.
func TestDemandsOfStepsAreFound(t *testing.T) {
	real := shop(t, truth)
	model, err := Calibrate(t.Context(), levelsOf(t, truth), Calibrating{Scenario: shop(t, ""), Watched: []string{"api", "db"}, Servers: map[string]int{"db": 1}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"visit/api": .001, "register/api": .065, "register/db": .008, "sign-in/api": .060, "sign-in/db": .001, "create/api": .002,
		"create/db": .006, "list/api": .003, "list/db": .002,
	}
	found := map[string]FittedHop{}
	for _, route := range model.Routes {
		for _, hop := range route.Hops {
			found[route.Step+"/"+hop.Station] = hop
		}
	}
	for name, seconds := range want {
		hop := found[name]
		interval := hop.Demand.Interval
		if interval == nil || interval[0] > seconds || interval[1] < seconds {
			if seconds > .002 || math.Abs(hop.Demand.Seconds-seconds) > .0015 { // a tick is 10 ms
				t.Errorf("%s takes %v s (%v), want %v", name, hop.Demand.Seconds, interval, seconds)
			}
		}
		if seconds > .02 && math.Abs(hop.Demand.Seconds/seconds-1) > .1 {
			t.Errorf("%s takes %v s, want %v", name, hop.Demand.Seconds, seconds)
		}
	}
	if dear, cheap := found["register/api"].Demand.Seconds, found["visit/api"].Demand.Seconds; dear < 15*cheap {
		t.Errorf("a hash takes %v s and a page %v s; they are not told apart", dear, cheap)
	}
	if model.Stations[1].Servers != 1 || math.Abs(model.Stations[0].Idling-.01) > .02 {
		t.Errorf("stations %+v", model.Stations)
	}
	predictsUnseen(t, real, model)
}

// predictsUnseen compares medians of a load between truth and the written model.
func predictsUnseen(t *testing.T, real *scenarios.Scenario, model Model) {
	t.Helper()
	var text bytes.Buffer
	if err := WriteModel(&text, model); err != nil {
		t.Fatal(err)
	}
	fitted := shop(t, text.String())
	options := setup.Options{Rate: 8, For: 60 * time.Second}
	var medians [2]map[string]float64
	for i, scenario := range []*scenarios.Scenario{real, fitted} {
		run, err := setup.NewModel(scenario, options)
		if err != nil {
			t.Fatal(err)
		}
		simulated, err := simulation.Simulate(t.Context(), run, simulation.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		medians[i] = map[string]float64{}
		for _, row := range simulated.Report.Steps {
			medians[i][row.Step] = row.ResponseTimePassedS.P50
		}
	}
	for step, truth := range medians[0] {
		if off := medians[1][step]/truth - 1; math.Abs(off) > .25 && math.Abs(medians[1][step]-truth) > .002 {
			t.Errorf("the median of %s is predicted %.4g s, and is %.4g s; the model is\n%s", step, medians[1][step], truth, text.String())
		}
	}
}

// TestStepsThatComeTogether: one request that the other always follows at once cannot be told apart from it, and the
// model says what to do.
func TestStepsThatComeTogether(t *testing.T) {
	real := shop(t, truth)
	var reports []report.Report
	for _, rate := range []float64{3, 6, 9} {
		r := asMeasured(t, real, rate, 60*time.Second)
		r.Series.Steps[2].Requests = slices.Clone(r.Series.Steps[1].Requests)
		reports = append(reports, r)
	}
	model, err := Calibrate(t.Context(), reports, Calibrating{Watched: []string{"api"}})
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(model.Warnings, "\n"); !strings.Contains(text, "step register always comes together with sign-in") || !strings.Contains(text, "add levels with other mixes, for example with continue: 20% at register") || !strings.Contains(text, "db was watched and is not fitted") {
		t.Errorf("the warnings are %s", text)
	}
	hops := []FittedHop{model.Routes[1].Hops[0], model.Routes[2].Hops[0]}
	if hops[0].Demand.Seconds != hops[1].Demand.Seconds || fmt.Sprint(hops[0].With) != "[sign-in]" {
		t.Errorf("%+v", hops)
	}
}

// TestProcessesAreChosen: reports without a backend of ours are fitted to the processes that were watched; a name that
// was not watched is refused with those that were.
func TestProcessesAreChosen(t *testing.T) {
	reports := []report.Report{asMeasured(t, shop(t, truth), 3, 40*time.Second), asMeasured(t, shop(t, truth), 6, 40*time.Second)}
	model, err := Calibrate(t.Context(), reports, Calibrating{})
	if err != nil || len(model.Stations) != 2 {
		t.Fatal(err, model.Stations)
	}
	for i := range reports {
		for k := range reports[i].Processes {
			reports[i].Processes[k].Watched = false
		}
	}
	for _, test := range []struct {
		how  Calibrating
		want string
	}{
		{Calibrating{Watched: []string{"cache"}}, "did not watch a process cache (it has api, db); run it with --watch cache=PID"},
		{Calibrating{}, "too few"},
	} {
		if _, err := Calibrate(t.Context(), reports, test.how); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: want %q", err, test.want)
		}
	}
}

// TestReportsWithoutReadings: reports of older versions have no series of processes, so each is one stretch.
func TestReportsWithoutReadings(t *testing.T) {
	var reports []report.Report
	for _, rate := range []float64{2, 3, 4, 5, 6, 7, 8, 9} {
		r := asMeasured(t, shop(t, truth), rate, 20*time.Second)
		r.Series.Processes = nil
		reports = append(reports, r)
	}
	steps := requestSteps(reports)
	if rows := workRows("api", steps, reports); len(rows) != len(reports) {
		t.Errorf("%d rows", len(rows))
	}
	if _, err := Calibrate(t.Context(), reports, Calibrating{Watched: []string{"api"}}); err != nil {
		t.Error(err)
	}
	if _, err := Calibrate(t.Context(), reports[:3], Calibrating{Watched: []string{"api"}}); err == nil || !strings.Contains(err.Error(), "too few for 5 kinds of work") {
		t.Errorf("three stretches fit five steps: %v", err)
	}
}

// TestServiceTimesBoundDemands: people of one mix alone leave the demand of a page open. It is not more than the page
// took, and the model says that only sums are certain.
func TestServiceTimesBoundDemands(t *testing.T) {
	var reports []report.Report
	for _, rate := range []float64{2, 4, 7, 10} {
		reports = append(reports, asMeasured(t, shop(t, truth), rate, 90*time.Second))
	}
	model, err := Calibrate(t.Context(), reports, Calibrating{Scenario: shop(t, "")})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range model.Routes {
		total, bound := 0., math.Inf(1)
		for _, r := range reports {
			bound = min(bound, meanServiceTime(route.Step, r))
		}
		for _, hop := range route.Hops {
			total += hop.Demand.Seconds
		}
		if total > 1.02*bound {
			t.Errorf("%s takes %v s of its stations, and took %v s in all", route.Step, total, bound)
		}
	}
	if text := strings.Join(model.Warnings, "\n"); !strings.Contains(text, "nearly always comes together with") {
		t.Errorf("the warnings are %s", text)
	}
	predictsUnseen(t, shop(t, truth), model)
}

// TestServersOfProcesses: what the user says comes first, then one thread that does nearly everything, then limits.
func TestServersOfProcesses(t *testing.T) {
	at := func(cpu float64, process report.Process) report.Report {
		process.Name, process.CPUS = "api", &cpu
		return report.Report{DurationS: 10, Machine: &report.Machine{CPUs: 8}, Processes: []report.Process{process}}
	}
	for _, test := range []struct {
		why     string
		reports []report.Report
		how     Calibrating
		want    int
		says    string
	}{
		{"all cores", []report.Report{at(5, report.Process{CPUs: 8, BusiestThread: .3})}, Calibrating{}, 8, ""},
		{"one thread, and a collector beside it at a light load", []report.Report{at(1, report.Process{BusiestThread: .78})}, Calibrating{}, 8, "give --servers api=1 if it answers requests on one thread"},
		{"a limit", []report.Report{at(5, report.Process{CPUs: 2, BusiestThread: .3})}, Calibrating{}, 2, "may use 2 cores"},
		{"one thread where it works most", []report.Report{at(1, report.Process{BusiestThread: .5}), at(8, report.Process{BusiestThread: .97})}, Calibrating{}, 1, "one thread did 97"},
		{"one thread where it hardly works", []report.Report{at(1, report.Process{BusiestThread: .99}), at(8, report.Process{BusiestThread: .2})}, Calibrating{}, 8, ""},
		{"the user knows better", []report.Report{at(8, report.Process{CPUs: 2, BusiestThread: .97})}, Calibrating{Servers: map[string]int{"api": 4}}, 4, ""},
	} {
		if got, why := serversOf("api", test.reports, test.how); got != test.want || !strings.Contains(why, test.says) || test.says == "" && why != "" {
			t.Errorf("%s: %d, %q", test.why, got, why)
		}
	}
}

// TestRoutesOfTheScenarioStay: a fitted station keeps its place on a route, its demand is divided among its visits, and
// what is not fitted stays.
func TestRoutesOfTheScenarioStay(t *testing.T) {
	work := workload.ConstantTime(3 * time.Millisecond)
	stations := []FittedStation{{Name: "api"}, {Name: "db"}}
	for _, test := range []struct {
		why  string
		r    FittedRoute
		want string
	}{
		{"no route", FittedRoute{Hops: []FittedHop{{Station: "api", Work: work}, {Station: "db", Work: work}}}, `[{station: api, work: "3ms"} {station: db, work: "3ms"}]`},
		{"no route and no demand", FittedRoute{}, `[{station: api, work: "1µs"}]`},
		{"a station that is not fitted, a call, and one visit that shows no demand", FittedRoute{
			Hops: []FittedHop{{Station: "api", Work: work}}, Kept: []scenarios.Hop{{Station: "queue"}, {Station: "api"}, {Call: "search"}, {Station: "db", Work: work}, {Async: "mail"}},
		}, `[{station: queue} {station: api, work: "3ms"} {call: search} {station: db, work: "1µs"} {async: mail}]`},
		{"a wait in the service comes last", FittedRoute{Hops: []FittedHop{{Station: "api", Work: work}}, Wait: work, Kept: []scenarios.Hop{{Call: "search", Answer: "/find"}}}, `[{station: api, work: "3ms"} {call: search, answer: "/find"} {wait: "3ms"}]`},
		{"a fitted station that the route lacks comes first", FittedRoute{Hops: []FittedHop{{Station: "db", Work: work}}, Kept: []scenarios.Hop{{Call: "search"}}}, `[{station: db, work: "3ms"} {call: search}]`},
	} {
		if got := fmt.Sprint(texts(test.r.hops(stations))); got != test.want {
			t.Errorf("%s: %s, want %s", test.why, got, test.want)
		}
	}
	if got := visits([]scenarios.Hop{{Station: "api"}, {Call: "x"}, {Station: "api"}}, "api"); got != 2 {
		t.Errorf("%v visits", got)
	}
}

// TestMixOfARun: a run with another mix of journeys is simulated with it.
func TestMixOfARun(t *testing.T) {
	scenario, err := scenarios.Parse("two.yaml", []byte(`
schema: ombak.scenario/v1
name: two
opens: 2026-01-05T09:00:00+07:00
arrivals: {step: visit, signups: [{for: 20s, rate: 20/s}]}
stations: {api: {service: 1ms}}
steps:
  - {name: visit, route: [{station: api}]}
  - {name: buy, route: [{station: api}]}
journeys:
  - {name: look, share: 90%, steps: [visit]}
  - {name: order, share: 10%, steps: [visit, buy]}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	mixed, err := asMixed(scenario, &report.Played{Mix: "look=20,order=80"})
	if err != nil {
		t.Fatal(err)
	}
	measured := asMeasured(t, mixed, 20, 20*time.Second)
	measured.Played.Mix = "look=20,order=80"
	v, err := Validate(t.Context(), scenario, []report.Report{measured}, setup.Options{}, Validating{})
	if err != nil || len(v.Wrong) > 0 {
		t.Errorf("%v, %q", err, v.Wrong)
	}
	measured.Played.Mix = "look=20,oder=80"
	if _, err := Validate(t.Context(), scenario, []report.Report{measured}, setup.Options{}, Validating{}); err == nil {
		t.Error("a journey that the scenario lacks")
	}
}
