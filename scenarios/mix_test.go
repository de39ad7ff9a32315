package scenarios_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

const twoJourneys = `
schema: ombak.scenario/v1
name: shop
opens: 2026-01-05T09:00:00+07:00
targets: {shop: {url: "http://127.0.0.1:1"}}
arrivals: {step: visit, signups: [{for: 5s, rate: 5/s}]}
steps:
  - {name: visit, request: {target: shop, path: /}}
  - {name: buy, request: {target: shop, path: /b}}
journeys:
  - {name: look, share: 90%, steps: [visit]}
  - {name: order, share: 10%, steps: [visit, buy]}
plans: [{name: now}]
`

func TestMix(t *testing.T) {
	scenario, err := scenarios.Parse("shop.yaml", []byte(twoJourneys), nil)
	if err != nil {
		t.Fatal(err)
	}
	mix, err := scenarios.ParseMix("look=30, order=70%")
	if err != nil {
		t.Fatal(err)
	}
	mixed, err := scenario.WithMix(mix)
	if err != nil {
		t.Fatal(err)
	}
	planned, err := mixed.WithPlan("now")
	if err != nil {
		t.Fatal(err)
	}
	for why, s := range map[string]*scenarios.Scenario{"the copy": mixed, "with a plan": planned} {
		if ways := s.Ways(); ways[0].Share != .3 || ways[1].Share != .7 {
			t.Errorf("%s: %+v", why, ways)
		}
	}
	if ways := scenario.Ways(); ways[0].Share != .9 {
		t.Errorf("the original has changed: %+v", ways)
	}
	for text, want := range map[string]string{
		"look": "is not a mix", "look=x": "is not a mix", "look=-1,order=101": "is not a mix", "look=50": "add up to 50", "look=50,look=50": "twice", "": "is not a mix",
	} {
		if _, err := scenarios.ParseMix(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := scenario.WithMix(map[string]scenarios.Share{"oder": 1}); err == nil || !strings.Contains(err.Error(), `no journey "oder"`) {
		t.Errorf("%v", err)
	}
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := smoke.WithMix(mix); err == nil || !strings.Contains(err.Error(), "one journey") {
		t.Errorf("%v", err)
	}
}
