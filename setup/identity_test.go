package setup_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// The scenario decides whether identities are fresh; where it is silent, the command does.
func TestFreshIdentity(t *testing.T) {
	const text = "schema: ombak.scenario/v1\nname: shop\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\narrivals: {step: go, signups: [{for: 1s, rate: 1/s}]}\n" +
		"targets: {web: {url: 'http://127.0.0.1:1'}}\njourney: [{name: go, request: {target: web, path: '/${run.id}'}}]\n"
	for _, test := range []struct {
		why, more string
		options   setup.Options
		fresh     bool
		refusal   string
	}{
		{"the default", "", setup.Options{}, false, ""},
		{"a command that sends the same people again and again", "", setup.Options{Fresh: true}, true, ""},
		{"the scenario has the last word", "population: {identity: seed}\n", setup.Options{Fresh: true}, false, ""},
		{"asked for", "population: {identity: fresh}\n", setup.Options{}, true, ""},
		{"parts of one run do not share a random id", "population: {identity: fresh}\n", setup.Options{Part: 1, Parts: 2}, false, "the same --run-id"},
		{"parts with an id", "population: {identity: fresh}\n", setup.Options{Part: 1, Parts: 2, RunIDGiven: true}, true, ""},
	} {
		test.options.RunID = "r1"
		scenario, err := scenarios.Parse("shop.yaml", []byte(text+test.more), nil)
		if err != nil {
			t.Fatal(err)
		}
		live, err := setup.NewLoad(scenario, test.options)
		if test.refusal != "" {
			if err == nil || !strings.Contains(err.Error(), test.refusal) {
				t.Errorf("%s: %v; want %q", test.why, err, test.refusal)
			}
			continue
		}
		if err != nil || live.Generator.Fresh != test.fresh || live.Generator.RunID != "r1" {
			t.Errorf("%s: fresh %v, id %q, %v", test.why, live.Generator.Fresh, live.Generator.RunID, err)
		}
	}
	own := strings.Replace(text, "target: web", "target: backend", 1) + "population: {identity: fresh}\n"
	drill, err := scenarios.Parse("shop.yaml", []byte(own), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := setup.NewLive(drill, setup.Options{}); err == nil || !strings.Contains(err.Error(), "reference backend") {
		t.Errorf("a drill with fresh identities: %v; want a refusal", err)
	}
}
