package scenarios_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/scenarios"
)

const replayed = `# a comment
schema: ombak.scenario/v1
name: small
opens: 2020-04-11T19:00:00+07:00
interventions: # old ones
  - {at: 1s, do: hold}
seed: 1
vars:
  key: {default: "hunter22", secret: true}
  other: {default: plain}
arrivals: {step: go, signups: [{for: 10s, rate: 5/s}]}
play: {seed: 3}
journey:
  - name: go
    request: {target: backend, path: "/${var.key}${var.other}"}
    route: [{station: web}, {call: mail}]
stations:
  web: {servers: 2, service: 10ms}
dependencies:
  mail: {kind: mail, servers: 1, service: 1ms}
`

func parsed(t interface{ Fatal(...any) }, text string) *scenarios.Scenario {
	scenario, err := scenarios.Parse("small.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// A replay is the scenario with other interventions and flags, without secrets; the rest stays as it was written.
func TestWriteReplay(t *testing.T) {
	scenario, seed := parsed(t, replayed), uint64(9)
	actions := []funnel.Action{{At: 1500 * time.Millisecond, For: time.Minute, Do: funnel.StartFault, On: "mail", With: map[string]string{"fault": "mail-outage"}, By: `R"ina: {x} # y`}}
	text, err := scenario.WriteReplay(actions, scenarios.Play{Seed: &seed, Window: "1s..2s", Thresholds: []string{`go.passed >= 1`}})
	if err != nil {
		t.Fatal(err)
	}
	again := parsed(t, string(text))
	if got := again.Actions(); !reflect.DeepEqual(got, actions) {
		t.Errorf("the actions are %v, want %v", got, actions)
	}
	if again.Play.Seed == nil || *again.Play.Seed != 9 || again.Play.Window != "1s..2s" || len(again.Play.Thresholds) != 1 {
		t.Errorf("the flags are %v", again.Play)
	}
	if strings.Contains(string(text), "hunter22") || again.Vars["other"].Default != "plain" || !again.Vars["key"].Secret {
		t.Errorf("the variables are %v", again.Vars)
	}
	if !strings.HasPrefix(string(text), "# a comment\nschema:") || !reflect.DeepEqual(again.Journey, scenario.Journey) {
		t.Errorf("the rest has changed:\n%s", text)
	}
}

// What is no part of the file cannot be replayed from a file.
func TestWriteReplayOfOtherPeople(t *testing.T) {
	file := filepath.Join(t.TempDir(), "few.csv")
	if err := os.WriteFile(file, []byte("time,count\n0,30\n60,0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	replaced, err := parsed(t, replayed).WithArrivals(file)
	if err != nil {
		t.Fatal(err)
	}
	modelled, err := parsed(t, replayed).WithModel("model.yaml", []byte("stations: {web: {servers: 3}}"))
	if err != nil {
		t.Fatal(err)
	}
	for flag, scenario := range map[string]*scenarios.Scenario{"--arrivals": replaced, "--model": modelled} {
		if text, err := scenario.WriteReplay(nil, scenarios.Play{}); err == nil || !strings.Contains(err.Error(), "give "+flag+" again") {
			t.Errorf("%s: %v\n%s", flag, err, text)
		}
	}
}

// Every action that can be done can be written and read again.
func TestActionsSurviveWriting(t *testing.T) {
	scenario := parsed(t, replayed)
	text := rapid.StringMatching(`[ -~äß…]{1,40}`)
	rapid.Check(t, func(t *rapid.T) {
		action := funnel.Action{At: time.Duration(rapid.Int64Range(0, 1e7).Draw(t, "at")) * time.Millisecond, By: text.Draw(t, "by")}
		switch rapid.IntRange(0, 3).Draw(t, "do") {
		case 0:
			action.Do, action.With = funnel.Remark, map[string]string{"text": text.Filter(func(s string) bool { return strings.TrimSpace(s) != "" }).Draw(t, "text")}
		case 1:
			action.Do, action.With = funnel.Arrive, map[string]string{"factor": rapid.SampledFrom([]string{"0", "1.5", "10"}).Draw(t, "factor")}
		case 2:
			action.Do, action.For = funnel.Hold, time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "for"))*time.Millisecond
		case 3:
			action.Do, action.On, action.With = funnel.SetService, "mail", map[string]string{"servers": "3", "service": "exponential(20ms)", "rate": "5/s"}
		}
		if scenario.CheckAction(action) != nil {
			t.Skip("it cannot be done")
		}
		written, err := scenario.WriteReplay([]funnel.Action{action}, scenarios.Play{})
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed(t, string(written)).Actions(); !reflect.DeepEqual(got, []funnel.Action{action}) {
			t.Fatalf("%v becomes %v", action, got)
		}
	})
}

// Mistakes in interventions and flags are told with their place.
func TestInterventionMistakes(t *testing.T) {
	for _, row := range []struct{ written, says string }{
		{"{at: 1s, do: dance}", `"dance" is nothing that can be done`},
		{"{at: 1s, do: fault, on: mail}", "name the fault"},
		{"{at: 1s, do: fault, with: {fault: outage}}", "say with on which dependency"},
		{"{at: 1s, do: fault, with: {fault: dukcapil-outage}}", "the scenario has no such dependency"},
		{"{at: 1s, do: fault, on: mail, with: {fault: outage, ramp: soon}}", "write a time such as 10s"},
		{"{at: 1s, do: end-fault, on: nobody}", "no dependency is called"},
		{"{at: 1s, do: set, on: mail, with: {servers: 999999999999}}", ""},
		{"{at: 1s, do: set, on: mail, with: {kind: sms}}", "there is no setting"},
		{"{at: 1s, for: 1s, do: note, with: {text: a}}", "leave out for"},
		{"{at: 1s, do: stop, with: {now: 1}}", "there is no setting"},
	} {
		_, err := scenarios.Parse("small.yaml", []byte(strings.Replace(replayed, "{at: 1s, do: hold}", row.written, 1)), nil)
		if err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), "small.yaml:6:") {
			t.Errorf("%s: %v", row.written, err)
		}
	}
	for _, row := range []struct{ written, says string }{{"{plan: none}", "no plan"}, {"{scale: -1}", "give a number above 0"}, {"{window: 9s}", "write FROM..TO"}} {
		_, err := scenarios.Parse("small.yaml", []byte(strings.Replace(replayed, "{seed: 3}", row.written, 1)), nil)
		if err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v", row.written, err)
		}
	}
}
