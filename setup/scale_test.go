package setup

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

// TestScaleRefuses: a factor that leads to impossible numbers of servers is refused, not reduced to one
// server.
func TestScaleRefuses(t *testing.T) {
	const limits = `
schema: ombak.scenario/v1
name: limits
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, signups: [{for: 1s, rate: 20/s}]}
journey:
  - name: go
    route: [{station: service}]
stations:
  service: {servers: 2, service: 10ms}
plans:
  - name: plain
  - name: gate
    policies: [{policy: bounded-fifo, at: entry, limit: 100}]
  - name: slow
    set: {stations: {service: {rate: 1/s}}}
  - name: grows
    schedule: [{at: 10s, set: {stations: {service: {servers: 1000}}}}]
`
	scenario := parseScenario(t, limits)
	for _, test := range []struct {
		why, plan string
		factor    float64
		want      string // of the refusal; empty means that it is accepted
	}{
		{"servers beyond whole numbers", "plain", 1e300, "scale-system 1e+300 makes 2e+300 of 2 at station service; give a factor that makes 1000000000 at most"},
		{"just beyond whole numbers", "plain", 1e19, "at station service"},
		{"as many as there may be", "plain", 5e8, ""},
		{"the limit of a policy", "gate", 5e8, "makes 5e+10 of 100 at policy bounded-fifo at entry"},
		{"servers of a schedule", "grows", 5e8, "makes 5e+11 of 1000 at station service"},
		{"a rate of 0", "slow", 1e-300, "scale-system 1e-300 makes the rate 1/s at station service 1e-300/s; give a factor that leaves a rate"},
		{"as few servers as there may be", "plain", 1e-300, ""},
	} {
		_, err := NewModel(scenario, Options{Plan: test.plan, ScaleSystem: test.factor})
		if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
}

// TestScaleWarnsOfRounding: if rounding changes a number of servers much, a warning states the result.
func TestScaleWarnsOfRounding(t *testing.T) {
	scenario := parseScenario(t, shop)
	const service, registry = "station service has 1 server where 2 times --scale-system 0.01 would be 0.02; plans that differ in it may become equal",
		"dependency registry has 1 server where 3 times --scale-system 0.01 would be 0.03; plans that differ in it may become equal"
	run, err := NewModel(scenario, Options{ScaleSystem: 0.01})
	if err != nil || !slices.Equal(run.Warnings, []string{registry, service}) {
		t.Errorf("%q (%v)", run.Warnings, err)
	}
	grows, err := NewModel(scenario, Options{Plan: "grows", ScaleSystem: 0.01})
	if err != nil || len(grows.Warnings) != 3 || !strings.Contains(grows.Warnings[2], "from 10s on, station service has 1 server where 4 times --scale-system 0.01 would be 0.04") {
		t.Errorf("%q (%v)", grows.Warnings, err)
	}
	for _, factor := range []float64{0, 1, 10} {
		if run, err := NewModel(scenario, Options{ScaleSystem: factor}); err != nil || len(run.Warnings) > 0 {
			t.Errorf("by %v: %q (%v)", factor, run.Warnings, err)
		}
	}
}

// shop is a scenario small enough to check by hand: 400 people in 20 s.
const shop = `
schema: ombak.scenario/v1
name: shop
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, mode: even, signups: [{for: 20s, rate: 20/s}]}
journey:
  - name: go
    timeout: 1s
    route: [{station: service}, {call: registry}]
stations:
  service: {servers: 2, service: 10ms}
dependencies:
  registry: {kind: generic, servers: 3, service: 1ms}
plans:
  - name: base
  - name: grows
    schedule: [{at: 10s, set: {stations: {service: {servers: 4}}}}]
`

func parseScenario(t *testing.T, text string) *scenarios.Scenario {
	t.Helper()
	scenario, err := scenarios.Parse("test.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}
