package simulation

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/scenarios"
)

// nobody observes nothing.
type nobody struct{}

func (nobody) Enter(int, time.Duration) {}
func (nobody) Observe(funnel.Sample)    {}

func parseScenario(t *testing.T, text string) *scenarios.Scenario {
	t.Helper()
	scenario, err := scenarios.Parse("test.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
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
`
