package setup_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// An intervention that one engine cannot do is left out with a warning; a live run with mocks does it.
func TestInterventionsThatOneEngineCannotDo(t *testing.T) {
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	text := string(smoke.Source()) + `
interventions:
  - {at: 1s, do: fault, on: dukcapil, with: {fault: clock-skew, skew: 5m}}
  - {at: 2s, do: fault, on: dukcapil, with: {fault: outage}}
targets: {backend: {url: http://127.0.0.1:1}, mail: {url: http://127.0.0.1:1}, sms: {url: http://127.0.0.1:1}}
`
	scenario, err := scenarios.Parse("acted.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	model, err := setup.NewModel(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(model.Actions) != 1 || len(model.Config.Interventions) != 1 || !strings.Contains(strings.Join(model.Warnings, "\n"), "intervention 1 at 1s is left out: the fault clock-skew is not simulated") {
		t.Errorf("the model does %v and warns %q", model.Actions, model.Warnings)
	}
	live, err := setup.NewLive(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if faults := live.Service.Mocks.Dukcapil.Trouble.Faults; len(faults) != 2 || len(live.Warnings) > 0 {
		t.Errorf("the mock has the faults %v; the run warns %q", faults, live.Warnings)
	}
	load, err := setup.NewLoad(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if warned := strings.Join(load.Warnings, "\n"); strings.Count(warned, "is left out: the dependencies are not mocks of this run") != 2 {
		t.Errorf("the load warns %q", warned)
	}
}

// A station whose servers are set keeps its discipline, whatever the simulator calls it.
func TestASettingKeepsTheDiscipline(t *testing.T) {
	for _, discipline := range []string{"fifo", "lifo", "priority", "preemptive", "sharing"} {
		text := `schema: ombak.scenario/v1
name: counter
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 5s
population: {size: 5000}
arrivals: {step: pay, people: [{for: 30s, rate: 20/s}]}
journey:
  - {name: look, priority: 5, route: [{station: desk}]}
  - {name: pay, priority: 1, think: 1s, route: [{station: desk}]}
stations: {desk: {servers: 1, discipline: ` + discipline + `, service: exponential(45ms)}}
interventions: [{at: 10s, do: set, on: desk, with: {servers: 2}}, {at: 20s, do: set, on: desk, with: {servers: 1}}]
`
		scenario, err := scenarios.Parse("counter.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		model, err := setup.NewModel(scenario, setup.Options{})
		if err != nil {
			t.Fatalf("%s: %v", discipline, err)
		}
		result, err := sim.Run(context.Background(), model.Config, func(int) funnel.Observer { return nobody{} })
		if err != nil || len(result.Changes) != 2 {
			t.Errorf("%s: %d changes, %v", discipline, len(result.Changes), err)
		}
	}
}

// nobody observes nothing.
type nobody struct{}

func (nobody) Enter(int, time.Duration) {}
func (nobody) Observe(funnel.Sample)    {}

// A fixed number of people go round, so nobody can be kept away; and what changes has no steady state.
func TestInterventionsThatAScenarioCannotHave(t *testing.T) {
	for _, row := range []struct{ why, arrivals, rest, want, steady string }{
		{"nobody comes to a closed population", "closed: {people: 5, for: 30s}", "interventions: [{at: 10s, do: hold}]", "a fixed number of people go round", ""},
		{"nor more of them", "closed: {people: 5, for: 30s}", "interventions: [{at: 10s, do: arrivals, with: {factor: 2}}]", "a fixed number of people go round", ""},
		{"its service can change, which is not steady", "closed: {people: 5, for: 30s}", "interventions: [{at: 10s, do: set, on: desk, with: {servers: 2}}]", "", "intervention 1 changes it at 10s"},
		{"a note changes nothing", "people: [{for: 30s, rate: 9/s}]", "interventions: [{at: 10s, do: note, with: {text: hello}}]", "", ""},
		{"places are taken", "people: [{for: 30s, rate: 9/s}]", "backend: {quota: 100}", "", "the places of backend.quota are taken"},
		{"a stock runs out", "people: [{for: 30s, rate: 9/s}]", "dependencies: {shop: {kind: generic, routes: [{path: /, stock: {count: 9}}]}}", "", "the stock of dependency shop runs out"},
	} {
		text := `schema: ombak.scenario/v1
name: counter
opens: 2020-04-11T19:00:00+07:00
seed: 1
population: {size: 5000}
arrivals: {step: pay, ` + row.arrivals + `}
journey: [{name: pay, route: [{station: desk}]}]
stations: {desk: {servers: 1, service: exponential(45ms)}}
` + row.rest
		scenario, err := scenarios.Parse("counter.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		model, err := setup.NewModel(scenario, setup.Options{})
		if !says(err, row.want) {
			t.Errorf("%s: %v, want %q", row.why, err, row.want)
		}
		if err == nil && !says(model.CheckSteady(), row.steady) {
			t.Errorf("%s: %v, want %q", row.why, model.CheckSteady(), row.steady)
		}
	}
}

// Those who go round do not come by birth month.
func TestNoTurnsInAClosedPopulation(t *testing.T) {
	scenario, err := scenarios.Parse("round.yaml", []byte(`schema: ombak.scenario/v1
name: round
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: pay, closed: {people: 5, for: 30s}}
journey: [{name: pay, route: [{station: desk}]}]
stations: {desk: {service: 1ms}}
plans: [{name: months, policies: [{policy: stagger, at: entry, every: 2s}]}]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := setup.NewModel(scenario, setup.Options{Plan: "months"}); !says(err, "plan months lets birth months take turns at the entry") {
		t.Errorf("people take turns: %v", err)
	}
}

// says reports whether an error is a refusal with a text, or whether there is none if the text is empty.
func says(err error, text string) bool {
	if text == "" {
		return err == nil
	}
	return errors.Is(err, setup.ErrRefused) && strings.Contains(err.Error(), text)
}
