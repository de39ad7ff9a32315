package simulation

import (
	"math"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// crowded is a scenario of 60,000 people who never wait for a server.
const crowded = `
schema: ombak.scenario/v1
name: crowded
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 60s
arrivals: {step: go, mode: even, signups: [{for: 300s, rate: 200/s}]}
journey:
  - name: go
    timeout: 30s
    route: ROUTE
stations:
  q: {servers: 100000, service: exponential(100ms)}
dependencies:
  registry: {kind: generic, servers: 100000, service: exponential(100ms)}
backend: {call_timeouts: {registry: 160.94ms}}
plans: [{name: x, policies: [POLICY]}]
`

func crowdedBy(t *testing.T, route, policy string) report.Report {
	t.Helper()
	text := strings.NewReplacer("ROUTE", route, "POLICY", policy).Replace(crowded)
	model, err := setup.NewModel(parseScenario(t, text), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return simulated(t, model, Settings{}).Report
}

// within checks a share of the people against its probability, to four standard errors.
func within(t *testing.T, what string, got, people, probability float64) {
	t.Helper()
	share, deviation := got/people, math.Sqrt(probability*(1-probability)/people)
	if math.Abs(share-probability) > 4*deviation {
		t.Errorf("%s: %.4f, want %.4f ± %.4f", what, share, probability, 4*deviation)
	}
}

// TestTwoStopsAtOnePlace take two times: their sum is Erlang-2, whose quantile .99 at a mean of 100 ms each is 663.8 ms.
func TestTwoStopsAtOnePlace(t *testing.T) {
	for _, route := range []string{
		"[{station: q}, {station: q}]",
		"[{station: q, work: exponential(100ms)}, {station: q}]",
	} {
		r := crowdedBy(t, route, "")
		if p99 := r.Steps[0].ResponseTimeS.P99; math.Abs(p99-.6638) > .015 {
			t.Errorf("%s: p99 is %.4f s, want .6638 s", route, p99)
		}
	}
}

// TestARepeatedCallTakesItsOwnTime: one call in five takes longer than its timeout of 160.94 ms, so of three one in 125.
func TestARepeatedCallTakesItsOwnTime(t *testing.T) {
	r := crowdedBy(t, "[{call: registry}]", "{policy: retry-budget, at: call:registry, attempts: 3, ratio: 1}")
	within(t, "turned away", r.Funnel[0].Rejected, r.Funnel[0].Entered, math.Exp(-3*1.6094))
}

// TestAsyncVerifyAsksUntilItIsTold: each call takes its own time, so that within a minute, which are three calls at
// least, hardly anybody is left.
func TestAsyncVerifyAsksUntilItIsTold(t *testing.T) {
	r := crowdedBy(t, "[{call: registry}]", "{policy: async-verify, at: call:registry, workers: 100000, pause: 1s, longest: 1s}")
	if row := r.Funnel[0]; row.Unfinished > 0 {
		t.Errorf("%v of %v are still waited for, want none after 50 calls", row.Unfinished, row.Entered)
	}
}

// TestEachLookTakesItsOwnTime: who hands in the test hears of the score at the first look, 30 ms later: both together last
// Erlang-2 and 30 ms.
func TestEachLookTakesItsOwnTime(t *testing.T) {
	text := strings.NewReplacer("ROUTE", "[{station: q}]", "POLICY", "", "name: go\n", "name: test\n    kind: poll\n    every: 30ms\n    patience: 1h\n",
		"step: go", "step: test", "call_timeouts:", "test_delay: 1ns, call_timeouts:").Replace(crowded)
	model, err := setup.NewModel(parseScenario(t, text), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := simulated(t, model, Settings{}).Report
	if p99 := r.Steps[0].ResponseTimeS.P99; math.Abs(p99-.030-.6638) > .015 {
		t.Errorf("p99 is %.4f s, want .6938 s", p99)
	}
}
