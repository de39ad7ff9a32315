package setup_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// Secrets are logged only where there are any, and the report warns; sessions are resumed unless the scenario says not.
func TestTLSOfTargets(t *testing.T) {
	const text = "schema: ombak.scenario/v1\nname: shop\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\narrivals: {step: go, signups: [{for: 1s, rate: 1/s}]}\n" +
		"targets: {web: {}}\njourney: [{name: go, request: {target: web, path: /}}]\n"
	for _, test := range []struct {
		why, more, target, log string
		logs, resumes          bool
	}{
		{"plain", "", "http://127.0.0.1:1", "/tmp/keys.log", false, true},
		{"over TLS", "", "https://127.0.0.1:1", "/tmp/keys.log", true, true},
		{"not asked for", "connections: {resume: true}\n", "https://127.0.0.1:1", "", false, true},
		{"never resumed", "connections: {resume: false}\n", "https://127.0.0.1:1", "", false, false},
	} {
		scenario, err := scenarios.Parse("shop.yaml", []byte(text+test.more), nil)
		if err != nil {
			t.Fatal(err)
		}
		live, err := setup.NewLoad(scenario, setup.Options{Targets: map[string]string{"web": test.target}, KeyLog: test.log})
		if err != nil {
			t.Fatal(err)
		}
		warned := strings.Contains(strings.Join(live.Warnings, "\n"), "SSLKEYLOGFILE")
		got := live.Generator.Connections
		if logs := got.TLS.KeyLog != ""; logs != test.logs || warned != test.logs || got.NoResume == test.resumes {
			t.Errorf("%s: log %q, warnings %v, never resumed %v", test.why, got.TLS.KeyLog, live.Warnings, got.NoResume)
		}
	}
}
