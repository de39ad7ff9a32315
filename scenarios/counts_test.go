package scenarios_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ombak-sim/ombak/scenarios"
)

const counted = `
schema: ombak.scenario/v1
name: counted
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, signups: [{for: 20s, rate: 20/s}]}
journey:
  - {name: go, retry: {RETRY}, route: [{station: web}, {call: registry}]}
  - {name: then, retry: {attempts: 3}, route: [{station: web}]}
stations: {web: {SERVERS, service: 10ms}}
dependencies: {registry: {kind: generic, service: 10ms}}
plans:
  - {name: x, policies: [{policy: retry-budget, at: call:registry, ATTEMPTS}]}
  - {name: y, set: {journey: {then: {retry: {attempts: PATCHED}}}}}
`

// TestCountsAreBounded: what the counters of a run do not hold is a mistake that names the place and the most.
func TestCountsAreBounded(t *testing.T) {
	for _, test := range []struct{ from, to, place, want string }{
		{"", "", "", ""},
		{"RETRY", "attempts: 29997", "", ""},
		{"RETRY", "attempts: 40000", "journey[0].retry.attempts", "40000 is too large"},
		{"RETRY", "visits: 40000", "journey[0].retry.visits", "40000 is too large"},
		{"RETRY", "attempts: 200, visits: 200", "journey[0].retry", "attempts times visits up to this step are 40000"},
		{"RETRY", "attempts: 30001", "journey[0].retry.attempts", "30001 is too large"},
		{"SERVERS", "servers: 10000001", "stations.web.servers", "10000001 is too large"},
		{"SERVERS", "queue: 1000000001", "stations.web.queue", "1000000001 is too large"},
		{"ATTEMPTS", "attempts: 40000", "plans[0].policies[0].attempts", "40000 is too large"},
		{"PATCHED", "40000", "journey[1].retry.attempts", "40000 is too large"},
	} {
		text := counted
		if test.from != "" {
			text = strings.Replace(text, test.from, test.to, 1)
		}
		text = strings.NewReplacer("RETRY", "attempts: 2", "SERVERS", "servers: 2", "ATTEMPTS", "attempts: 2", "PATCHED", "2").Replace(text)
		_, err := scenarios.Parse("file.yaml", []byte(text), fstest.MapFS{})
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.to, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), " at most")):
			t.Errorf("%s: %v, want %q at %s", test.to, err, test.want, test.place)
		}
	}
}
