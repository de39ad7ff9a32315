package setup_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// elsewhere is a scenario whose targets have URLs, except where the text says otherwise.
const elsewhere = `
schema: ombak.scenario/v1
name: shop
opens: 2026-01-05T09:00:00+07:00
targets: {shop: {url: "http://127.0.0.1:1"}, pay: {}}
arrivals: {step: order, signups: [{for: 5s, rate: 5/s}]}
journey:
  - {name: visit, continue: 10%, request: {target: shop, path: /}}
  - {name: order, continue: 50%, request: {target: shop, path: /o}}
  - {name: address, continue: 80%, request: {target: shop, path: /a}}
  - {name: pay, request: {target: PAY, path: /p}}
`

func TestRunsElsewhereAndShareReaching(t *testing.T) {
	parse := func(pay string) *scenarios.Scenario {
		scenario, err := scenarios.Parse("shop.yaml", []byte(strings.Replace(elsewhere, "PAY", pay, 1)), nil)
		if err != nil {
			t.Fatal(err)
		}
		return scenario
	}
	url := setup.Options{Targets: map[string]string{"": "http://127.0.0.1:2"}}
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		why      string
		scenario *scenarios.Scenario
		options  setup.Options
		want     bool
	}{
		{"all targets have a URL", parse("shop"), setup.Options{}, true},
		{"one target has none", parse("pay"), setup.Options{}, false},
		{"a URL on the command line", parse("pay"), url, true},
		{"the reference backend", smoke, setup.Options{}, false},
	} {
		if got := setup.RunsElsewhere(test.scenario, test.options); got != test.want {
			t.Errorf("%s: %v", test.why, got)
		}
	}
	for step, want := range map[string]float64{"visit": 1, "order": 1, "address": .5, "pay": .4, "unknown": 1} {
		if got := setup.ShareReaching(parse("shop"), step); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v of the people come to %s, want %v", got, step, want)
		}
	}
}
