package setup_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ombak-sim/ombak/gate"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// soldScenario is a shop that is loaded through a gate.
func soldScenario(t *testing.T, plan string) *scenarios.Scenario {
	t.Helper()
	text := strings.Split(gated, "  - {name: look")[0] + "stations: {web: {servers: 300, service: 1ms}}\nplans:\n  - " + plan + "\n"
	scenario, err := scenarios.Parse("sold.yaml", []byte(text), fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// A load on a service behind a gate changes the gate's policies as the plan's schedule says; what only the service could do
// is named, and what cannot be done is refused.
func TestLoadBehindAGate(t *testing.T) {
	limit := `policies: [{policy: static-limit, at: entry, limit: 9}, {policy: waiting-room, at: "step:order", rate: 5/s}]`
	targets := map[string]string{"shop": "http://127.0.0.1:1"}
	for _, test := range []struct{ why, plan, scheduled, warns, refused string }{
		{"no schedule", "{name: a, " + limit + "}", "", "", ""},
		{"a schedule of its policies", "{name: a, " + limit + `, schedule: [{at: 1s, set: {policies: [{policy: waiting-room, at: "step:order", rate: 9/s}]}}]}`, "waiting-room at step:order: rate 9/s, by plan a", "", ""},
		{"a schedule of the model too", "{name: a, " + limit + `, schedule: [{at: 1s, set: {stations: {web: {servers: 3}}, policies: [{policy: static-limit, at: entry, enabled: false}]}}]}`, "static-limit at entry: enabled false, by plan a", "does not do what plan a schedules at 1s (web: servers 3, by plan a)", ""},
		{"a policy inside the service", `{name: a, policies: [{policy: static-limit, at: entry, limit: 9}, {policy: autoscale, at: "station:web", per_server: 0.5, max: 4}]}`, "", "a gate does not carry out autoscale at station:web of plan a", ""},
		{"a schedule of a policy inside the service", `{name: a, policies: [{policy: static-limit, at: entry, limit: 9}, {policy: autoscale, at: "station:web", per_server: 0.5, max: 4}], schedule: [{at: 1s, set: {policies: [{policy: autoscale, at: "station:web", max: 5}]}}]}`, "", "", "cannot change in a live run"},
		{"nothing that a gate carries out", `{name: a, policies: [{policy: autoscale, at: "station:web", per_server: 0.5, max: 4}]}`, "", "", "has no policy that a gate carries out"},
		{"an unknown setting", "{name: a, " + limit + `, schedule: [{at: 1s, set: {policies: [{policy: waiting-room, at: "step:order", order: random}]}}]}`, "", "", "order of waiting-room cannot change"},
	} {
		run, err := setup.NewLoad(soldScenario(t, test.plan), setup.Options{Gated: true, Targets: targets})
		if err != nil {
			if !errors.Is(err, setup.ErrRefused) || test.refused == "" || !strings.Contains(err.Error(), test.refused) {
				t.Errorf("%s: %v", test.why, err)
			}
			continue
		}
		var texts []string
		for _, action := range run.Schedule {
			texts = append(texts, action.Text())
		}
		warnings := strings.Join(run.Warnings, "; ")
		if test.refused != "" || strings.Join(texts, "; ") != test.scheduled || !strings.Contains(warnings, test.warns) || test.warns == "" && warnings != "" {
			t.Errorf("%s: schedule %q, warnings %q", test.why, texts, warnings)
		}
	}
}

// A gate is compared with the plan before a run: one that lacks a policy is refused, one with other settings warned of.
func TestTheGateIsThePlans(t *testing.T) {
	scenario := soldScenario(t, `{name: a, policies: [{policy: static-limit, at: entry, limit: 9}, {policy: waiting-room, at: "step:order", rate: 5/s}]}`)
	options := setup.Options{Gated: true, Targets: map[string]string{"shop": "http://127.0.0.1:1"}}
	run, err := setup.NewLoad(scenario, options)
	if err != nil {
		t.Fatal(err)
	}
	same, err := setup.NewGate(scenario, setup.Options{}, "shop", "http://127.0.0.1:1", gate.Identity{Header: "Authorization"})
	if err != nil {
		t.Fatal(err)
	}
	var there []gate.Standing
	for _, door := range same.Doors {
		there = append(there, gate.Standing{At: door.At, Policy: door.Policy})
	}
	if err := run.Compare(there); err != nil || len(run.Warnings) > 0 {
		t.Errorf("the plan's own gate: %v, %q", err, run.Warnings)
	}
	if err := run.Compare(there[:1]); !errors.Is(err, setup.ErrRefused) || !strings.Contains(err.Error(), "the gate does not have waiting-room at step:order of plan a") {
		t.Errorf("without the room: %v", err)
	}
	there[0].Policy.Limit = 8
	if err := run.Compare(there); err != nil || !strings.Contains(strings.Join(run.Warnings, ""), "other settings of static-limit at entry than plan a") {
		t.Errorf("with another limit: %v, %q", err, run.Warnings)
	}
	change, err := run.Acting().Policy(funnel.Action{Do: funnel.SetService, On: "step:order", With: map[string]string{"policy": "waiting-room", "rate": "7/s"}})
	if err != nil || change.Door != "step:order" || change.Policy.Rate != 7 || change.Off {
		t.Errorf("the change is %+v, %v", change, err)
	}
	if _, err := setup.NewLive(scenario, setup.Options{Gated: true}); !errors.Is(err, setup.ErrRefused) || !strings.Contains(err.Error(), "leave out gate-url") {
		t.Errorf("a drill: %v", err)
	}
}
