package setup_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

func planned(t *testing.T, plans string) *scenarios.Scenario {
	t.Helper()
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(smoke.Source()), "\nplans:")
	if !found {
		before = string(smoke.Source())
	}
	scenario, err := scenarios.Parse("planned.yaml", []byte(before+"\nplans:\n"+plans), fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// What a plan schedules at dependencies is played live and simulated; what only one of the engines knows, or none, is
// refused by name.
func TestSchedules(t *testing.T) {
	for _, test := range []struct{ why, schedule, live, simulated string }{
		{"servers of a dependency", `[{at: 4s, set: {dependencies: {dukcapil: {servers: 20}}}}]`, "", ""},
		{"other terms", `[{at: 4s, set: {dependencies: {dukcapil: {service: "constant(2s)", queue: 3, rate: 9/s, deadline: 2s, quota: 90}}}}]`, "", ""},
		{"a number that cannot change", `[{at: 4s, set: {dependencies: {dukcapil: {servers: 20, connections: 3}}}}]`, `at 4s, set: there is no setting "connections"; use servers, service, queue, deadline, rate, quota`, `at 4s, set: there is no setting "connections"; use servers`},
		{"the order of those who wait", `[{at: 4s, set: {dependencies: {dukcapil: {discipline: lifo}}}}]`, `at 4s, set: there is no setting "discipline"`, `at 4s, set: there is no setting "discipline"`},
		{"more than one value", `[{at: 4s, set: {dependencies: {dukcapil: {degrades: {load: 3, factor: 2}}}}}]`, "at 4s it sets degrades of dukcapil, which is more than one value", "at 4s it sets degrades of dukcapil"},
		{"a service time of a station", `[{at: 4s, set: {stations: {STATION: {service: 2s}}}}]`, "STATION is a part of the model", "STATION is a station: only its servers can be set"},
		{"servers of a station", `[{at: 4s, set: {stations: {STATION: {servers: 20}}}}]`, "STATION is a part of the model; a live run can change dependencies only", ""},
		{"a policy's settings", `[{at: 4s, set: {policies: [{policy: bulkhead, at: "call:dukcapil", limit: 20}]}}, {at: 5s, set: {policies: [{policy: bulkhead, at: "call:dukcapil", enabled: false}]}}]`, "", ""},
		{"a policy that the plan lacks", `[{at: 4s, set: {policies: [{policy: codel, at: "call:dukcapil", limit: 20}]}}]`, "at 4s, plan later has no codel at call:dukcapil; it has bulkhead at call:dukcapil", "plan later has no codel at call:dukcapil"},
		{"a policy without its place", `[{at: 4s, set: {policies: [{policy: bulkhead, limit: 20}]}}]`, "at 4s, a change of a policy needs policy and at", "at 4s, a change of a policy needs policy and at"},
		{"a setting that the policy lacks", `[{at: 4s, set: {policies: [{policy: bulkhead, at: "call:dukcapil", rate: 2/s}]}}]`, "rate of bulkhead cannot change while a run plays: it takes no such setting", "rate of bulkhead cannot change"},
		{"the journey", `[{at: 4s, set: {journey: {sign-up: {timeout: 3s}}}}]`, "at 4s it changes what people do", "at 4s it changes what people do"},
		{"the backend", `[{at: 4s, set: {backend: {batch_rows: 3}}}]`, "at 4s it changes settings of the backend", "at 4s it changes settings of the backend"},
	} {
		smoke, err := scenarios.Load("smoke")
		if err != nil {
			t.Fatal(err)
		}
		station := ""
		for name := range smoke.Stations {
			station = max(station, name)
		}
		replaced := strings.NewReplacer("STATION", station)
		scenario := planned(t, replaced.Replace("  - {name: later, policies: [{policy: bulkhead, at: \"call:dukcapil\", limit: 50}], schedule: "+test.schedule+"}\n"))
		for _, engine := range []struct {
			name, says string
			setUp      func() error
		}{
			{"live", test.live, func() error { _, err := setup.NewLive(scenario, setup.Options{}); return err }},
			{"simulated", test.simulated, func() error { _, err := setup.NewModel(scenario, setup.Options{}); return err }},
		} {
			err := engine.setUp()
			if engine.says == "" && err != nil || engine.says != "" && (!errors.Is(err, setup.ErrRefused) || !strings.Contains(err.Error(), replaced.Replace(engine.says)) || !strings.Contains(err.Error(), "plan later")) {
				t.Errorf("%s, %s: %v", test.why, engine.name, err)
			}
		}
	}
}

// A live run does what the plans of a chain schedule, in order of time, in the name of the plan.
func TestScheduleOfAChain(t *testing.T) {
	scenario := planned(t, `  - {name: more, schedule: [{at: 5s, set: {dependencies: {dukcapil: {servers: 20}}}}, {at: 2s, set: {dependencies: {dukcapil: {queue: 5}}}}]}
  - {name: both, extends: [more], schedule: [{at: 3s, set: {dependencies: {dukcapil: {servers: 30, service: "constant(1s)"}}}}]}
`)
	live, err := setup.NewLive(scenario, setup.Options{Plan: "both"})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, action := range live.Schedule {
		if action.Do != funnel.SetService || action.By != "plan both" {
			t.Errorf("the schedule does %+v", action)
		}
		texts = append(texts, action.At.String()+" "+action.Text())
	}
	want := "2s dukcapil: queue 5, by plan both; 3s dukcapil: servers 30 service constant(1s), by plan both; 5s dukcapil: servers 20, by plan both"
	if got := strings.Join(texts, "; "); got != want {
		t.Errorf("the schedule is %s, not %s", got, want)
	}
	model, err := setup.NewModel(scenario, setup.Options{Plan: "both"})
	if err != nil {
		t.Fatal(err)
	}
	if changes := model.Config.Changes; len(changes) != 2 || changes[0].Servers != 30 || changes[1].Servers != 20 {
		t.Errorf("the model changes servers by %+v", changes)
	}
	if len(model.Config.Interventions) != 2 || len(model.Actions) != 0 {
		t.Errorf("the model has the interventions %+v, and somebody did %v", model.Config.Interventions, model.Actions)
	}
}

// A setting leaves the terms that it does not name as a schedule has left them, whichever of the two comes first.
func TestSettingsAddUp(t *testing.T) {
	const text = `schema: ombak.scenario/v1
name: adding
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 10m
arrivals: {step: order, totals: exact, people: [{for: 100s, rate: 10/s}]}
journey:
  - {name: order, timeout: 10m, request: {target: shop, path: /orders}, route: [{call: shop}]}
targets: {shop: {}}
dependencies:
  shop: {kind: generic, servers: 1, service: constant(1s)}
plans:
  - {name: more, schedule: [{at: 10s, set: {dependencies: {shop: {servers: 20}}}}]}
interventions:
  - {at: INSTANT, do: set, on: shop, with: {service: constant(500ms)}}
`
	for _, instant := range []string{"5s", "20s"} {
		scenario, err := scenarios.Parse("adding.yaml", []byte(strings.Replace(text, "INSTANT", instant, 1)), fstest.MapFS{})
		if err != nil {
			t.Fatal(err)
		}
		model, err := setup.NewModel(scenario, setup.Options{})
		if err != nil {
			t.Fatal(err)
		}
		last := &latest{}
		if _, err := sim.Run(t.Context(), model.Config, func(int) funnel.Observer { return last }); err != nil {
			t.Fatal(err)
		}
		// Twenty servers of half a second take 40 a second: at the end, 10 a second wait for nobody.
		if last.response > 600*time.Millisecond {
			t.Errorf("with the setting at %s, the last order takes %v", instant, last.response)
		}
	}
}

// latest keeps the response time of the attempt that was sent last.
type latest struct{ sent, response time.Duration }

func (l *latest) Enter(int, time.Duration) {}

func (l *latest) Observe(s funnel.Sample) {
	if s.Intended >= l.sent {
		l.sent, l.response = s.Intended, s.ResponseTime()
	}
}
