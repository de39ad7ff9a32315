package simulation

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// counter is a service that too many people come to, with a plan that has one policy.
const counter = `schema: ombak.scenario/v1
name: counter
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 10s
population: {size: 50000}
arrivals: {step: order, people: [{for: 20s, rate: 20/s}]}
journey:
  - {name: look, route: [{station: desk}]}
  - name: order
    think: 1s
    timeout: 2s
    retry: {attempts: 4, base: 200ms, cap: 1s, retry_after: true}
    route: [{station: desk}, {call: bank}]
stations: {desk: {servers: 4, service: exponential(30ms)}}
dependencies:
  bank: {kind: generic, servers: 3, service: exponential(200ms), faults: [{fault: brown-out, at: 4s, for: 10s, with: {capacity: 60%}}]}
plans:
  - {name: one, policies: [{policy: POLICY}]}
`

func counterWith(t failer, policy string) *scenarios.Scenario {
	t.Helper()
	scenario, err := scenarios.Parse("counter.yaml", []byte(strings.Replace(counter, "POLICY", policy, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// with writes the settings of an action on a policy.
func with(policy string, settings ...string) map[string]string {
	all := map[string]string{"policy": policy}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		all[name] = value
	}
	return all
}

// Every policy that can change does so in a simulation, and the replay gives the same report byte for byte: other settings
// at 5 s, off at 8 s, on at 12 s.
func TestPoliciesChangeAndReplay(t *testing.T) {
	const s = time.Second
	seen := map[string]bool{}
	for _, row := range []struct {
		policy, at string // as in the plan
		settings   []string
		change     []string
		always     bool
	}{
		{"static-limit", "step:order", []string{"limit: 6"}, []string{"limit=2"}, false},
		{"bounded-fifo", "call:bank", []string{"limit: 3", "queue: 9"}, []string{"limit=5", "queue=2", "deadline=300ms"}, false},
		{"bulkhead", "call:bank", []string{"limit: 2", "queue: 20"}, []string{"limit=8"}, false},
		{"codel", "entry", []string{"limit: 8", "queue: 50", "target: 500ms", "interval: 1s"}, []string{"target=50ms", "interval=100ms"}, false},
		{"adaptive-concurrency", "call:bank", []string{"min: 1", "max: 20", "queue: 9"}, []string{"max=3", "limit=2"}, false},
		{"priority-shed", "entry", []string{"limit: 5", "queue: 20"}, []string{"queue=1"}, false},
		{"token-bucket", "step:order", []string{"rate: 1/s", "burst: 1"}, []string{"rate=0.1/s"}, false},
		{"shared-token-bucket", "entry", []string{"rate: 20/s", "burst: 5"}, []string{"rate=30/s", "burst=1"}, false},
		{"waiting-room", "step:order", []string{"rate: 8/s"}, []string{"rate=12/s", "burst=3"}, false},
		{"stagger", "step:order", []string{"every: 1s"}, []string{"every=3s", "first=6"}, false},
		{"circuit-breaker", "call:bank", []string{"calls: 10", "share: 50%", "cooldown: 1s"}, []string{"share=10%", "cooldown=3s"}, false},
		{"retry-budget", "step:order", []string{"ratio: 10%"}, []string{"ratio=0%", "burst=1"}, false},
		{"cache", "call:bank", []string{"ttl: 1s"}, []string{"ttl=10s", "size=3"}, false},
		{"station-cache", "station:desk", []string{"hit_rate: 20%"}, []string{"hit_rate=90%", "time=1ms"}, false},
		{"async-verify", "call:bank", []string{"workers: 2"}, []string{"workers=9", "pause=1s"}, true},
		{"autoscale", "station:desk", []string{"per_server: 0.3", "max: 9", "every: 1s", "boot: 1s"}, []string{"max=5", "per_server=0.9", "cooldown=1s"}, false},
	} {
		seen[row.policy] = true
		described := fmt.Sprintf("%s, at: %q, %s", row.policy, row.at, strings.Join(row.settings, ", "))
		scenario := counterWith(t, described)
		plain, err := Simulate(t.Context(), modelOf(t, scenario), Settings{})
		if err != nil {
			t.Fatal(err)
		}
		set := func(at time.Duration, settings ...string) funnel.Action {
			return funnel.Action{At: at, Do: funnel.SetService, On: row.at, With: with(row.policy, settings...)}
		}
		actions := []funnel.Action{set(5*s, row.change...), set(8*s, "enabled=false"), set(12*s, "enabled=true")}
		if row.always {
			actions = actions[:1]
		}
		paced, result := stepped(t, modelOf(t, scenario), []time.Duration{130 * time.Millisecond}, actions, ignore)
		text, err := scenario.WriteReplay(paced.Actions(), scenarios.Play{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := scenarios.Parse("replay.yaml", text, nil)
		if err != nil {
			t.Fatalf("%s: %v\n%s", row.policy, err, text)
		}
		replayed, err := Simulate(t.Context(), modelOf(t, again), Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if row.always { // a person who was accepted is counted as finished when next somebody is seen, which rows hasten
			result.Report.Series, replayed.Report.Series = report.Series{}, report.Series{}
		}
		want := textOf(t, result.Report)
		if !bytes.Equal(textOf(t, replayed.Report), want) {
			t.Errorf("%s: the replay gives another report", row.policy)
		}
		if result.Report.Funnel[1].Passed == plain.Report.Funnel[1].Passed && fmt.Sprint(result.Report.Steps) == fmt.Sprint(plain.Report.Steps) {
			t.Errorf("%s: the change changed nothing", row.policy)
		}
		if result.Report.Verdict == "invalid" {
			t.Errorf("%s: the books do not add up: %v", row.policy, result.Report.Invalid)
		}
	}
	for _, descriptor := range resilience.Policies() {
		if len(descriptor.Changes.Keys) > 0 && !seen[descriptor.Name] {
			t.Errorf("%s can change and has no row", descriptor.Name)
		}
	}
}

// A plan's schedule changes policies as an intervention does, and gives the same people the same answers.
func TestScheduleOfPolicies(t *testing.T) {
	const policy = `bulkhead, at: "call:bank", limit: 2, queue: 20`
	acted := counterWith(t, policy+`}]}
interventions: [{at: 6s, do: set, on: "call:bank", with: {policy: bulkhead, limit: 8}}, {at: 9s, do: set, on: "call:bank", with: {policy: bulkhead, enabled: false}}]
play: {plan: one}
#`)
	scheduled := counterWith(t, policy+`}], schedule: [{at: 9s, set: {policies: [{policy: bulkhead, at: "call:bank", enabled: false}]}}, {at: 6s, set: {policies: [{policy: bulkhead, at: "call:bank", limit: 8}]}}]} #`)
	var passed []string
	for _, scenario := range []*scenarios.Scenario{counterWith(t, policy), acted, scheduled} {
		result, err := Simulate(t.Context(), modelOf(t, scenario), Settings{})
		if err != nil {
			t.Fatal(err)
		}
		timeline := fmt.Sprint(result.Report.Timeline)
		if scenario == scheduled && (!strings.Contains(timeline, "bulkhead at call:bank: limit 8, by plan one") || !strings.Contains(timeline, "bulkhead at call:bank: enabled false, by plan one")) {
			t.Errorf("the timeline is %s", timeline)
		}
		passed = append(passed, fmt.Sprint(result.Report.Funnel, result.Report.Steps[1].Requests, result.Report.Steps[1].ResponseTimeS))
	}
	if passed[1] != passed[2] || passed[0] == passed[1] {
		t.Errorf("without, by interventions, by schedule:\n%s", strings.Join(passed, "\n"))
	}
}

// What cannot change of a policy says why, and changes nothing.
func TestPolicyActionsThatCannotBeDone(t *testing.T) {
	for _, row := range []struct{ policy, on, with, why string }{
		{`bulkhead, at: "call:bank", limit: 2`, "call:bank", "policy=bulkhead", "say what to set of the policy"},
		{`bulkhead, at: "call:bank", limit: 2`, "call:bank", "policy=bulkhead limit=none", "is not a whole number"},
		{`bulkhead, at: "call:bank", limit: 2`, "call:bank", "policy=bulkhead limit=0", "concurrency is 0"},
		{`bulkhead, at: "call:bank", limit: 2`, "call:bank", "policy=bulkhead rate=2/s", "rate of bulkhead cannot change while a run plays: it takes no such setting"},
		{`bulkhead, at: "call:bank", limit: 2`, "call:bank", "policy=bulkhead enabled=perhaps", "write true or false"},
		{`bulkhead, at: "call:bank", limit: 2`, "call:bank", "policy=codel limit=2", "plan one has no codel at call:bank; it has bulkhead at call:bank"},
		{`bulkhead, at: "call:bank", limit: 2`, "entry", "policy=bulkhead limit=2", "plan one has no bulkhead at entry"},
		{`waiting-room, at: "step:order", rate: 8/s`, "step:order", "policy=waiting-room order=lottery", "places have been given in its order"},
		{`async-verify, at: "call:bank", workers: 2`, "call:bank", "policy=async-verify enabled=false", "cannot be switched off"},
		{`stagger, at: entry, every: 1s`, "entry", "policy=stagger every=2s", "people know their turns"},
		{`deferred-photo, at: "step:look"`, "step:look", "policy=deferred-photo enabled=false", "it has moved a step"},
		{`adaptive-concurrency, at: "call:bank", min: 2, max: 5`, "call:bank", "policy=adaptive-concurrency max=1", "min 2"},
	} {
		paced, err := NewPaced(modelOf(t, counterWith(t, row.policy)), Settings{}, ignore)
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(row.with)
		action := funnel.Action{Do: funnel.SetService, On: row.on, With: with(strings.TrimPrefix(fields[0], "policy="), fields[1:]...)}
		if err := paced.act(action); err == nil || !strings.Contains(err.Error(), row.why) {
			t.Errorf("%s of %s gives %v, want %q", row.with, row.policy, err, row.why)
		}
		if actions := paced.Actions(); len(actions) > 0 {
			t.Errorf("%v were done", actions)
		}
	}
}

// Settings of a policy add up: those that an action does not name stay as earlier actions have left them. What the scale of
// the system multiplies is multiplied in an action too.
func TestPolicySettingsAddUp(t *testing.T) {
	scenario := counterWith(t, `bounded-fifo, at: "call:bank", limit: 3, queue: 9`)
	model, err := setup.NewModel(scenario, setup.Options{ScaleSystem: 2})
	if err != nil {
		t.Fatal(err)
	}
	acting, err := model.Acting()
	if err != nil {
		t.Fatal(err)
	}
	do := func(settings ...string) (resilience.Settings, bool) {
		does, err := acting.Do(funnel.Action{Do: funnel.SetService, On: "call:bank", With: with("bounded-fifo", settings...)})
		if err != nil || len(does.Policies) != 1 {
			t.Fatalf("%v: %v, %v", settings, does.Policies, err)
		}
		return does.Policies[0].Policy.Settings, does.Policies[0].Off
	}
	do("limit=5")
	do("enabled=false")
	if now, off := do("deadline=2s"); now != (resilience.Settings{Limit: 10, Queue: 18, Deadline: 2 * time.Second}) || !off {
		t.Errorf("the settings are %+v, off %v", now, off)
	}
}
