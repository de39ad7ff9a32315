package setup

import (
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

// TestDrillsStartWhatTheyNeed: a drill starts the built-in mocks that its scenario names, and those that the backend cannot
// do without.
func TestDrillsStartWhatTheyNeed(t *testing.T) {
	const head = `
schema: ombak.scenario/v1
name: small
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: sign-up, signups: [{for: 1s, rate: 10/s}]}
journey:
  - {name: sign-up, request: {target: backend, method: POST, path: /v1/sign-up}}
`
	for _, test := range []struct {
		why, rest string
		want      []string // that do not run
	}{
		{"nothing is named; the backend sends mails", "", []string{"dukcapil", "dapodik", "dtks"}},
		{"one is named", "dependencies: {dapodik: {kind: dapodik, service: 1ms}}", []string{"dukcapil", "dtks"}},
		{"a generic one is named", "dependencies: {shop: {kind: generic, service: 1ms, routes: [{path: /}]}}", []string{"dukcapil", "dapodik", "dtks"}},
		{"the backend asks whoever bears the name", "  - {name: identity, request: {target: backend, method: POST, path: /v1/identity}}\ndependencies: {dtks: {kind: dtks, service: 1ms}}", []string{"dapodik"}},
		{"people prove who they are", "  - {name: identity, request: {target: backend, method: POST, path: /v1/identity}}", []string{"dapodik", "dtks"}},
	} {
		scenario, err := scenarios.Parse("small.yaml", []byte(head+test.rest), nil)
		if err != nil {
			t.Fatal(err)
		}
		live, err := NewLive(scenario, Options{})
		if err != nil || !slices.Equal(live.Service.Mocks.Without, test.want) {
			t.Errorf("%s: %v do not run (%v), want %v", test.why, live.Service.Mocks.Without, err, test.want)
		}
	}
	named, err := scenarios.Parse("small.yaml", []byte(head+"dependencies: {dtks: {kind: generic, service: 1ms, routes: [{path: /}]}}"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewLive(named, Options{}); err == nil || !strings.Contains(err.Error(), "a name of its own") {
		t.Errorf("a generic mock with the name of a registry of the backend: %v", err)
	}
	all, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	live, err := NewLive(all, Options{})
	if err != nil || len(live.Service.Mocks.Without) > 0 {
		t.Errorf("smoke names all, and %s do not run (%v)", strings.Join(live.Service.Mocks.Without, ", "), err)
	}
}
