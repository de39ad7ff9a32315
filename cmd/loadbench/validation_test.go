package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestValidationGoals: a figure that is wrong beyond the bound is counted, each where it belongs.
func TestValidationGoals(t *testing.T) {
	var light, beyond unseen
	for text, load := range map[string]*unseen{
		`{"runs":3,"figures":[{"figure":"join.p50","near":true},{"figure":"join.p99","near":false},{"figure":"web.utilization","unit":"share","predicted":0.5,"near":true}]}`: &light,
		`{"runs":3,"figures":[{"figure":"plateau.throughput","near":true},{"figure":"join.p50","near":false}]}`:                                                               &beyond,
	} {
		if err := json.Unmarshal([]byte(text), &load.findings); err != nil {
			t.Fatal(err)
		}
	}
	light.title, light.light, beyond.beyond = "light", true, true
	v := validation{runs: 3, knee: 100, broke: 120, found: []unseen{light, beyond}, played: []string{"ombak calibrate"}, model: "stations:\n"}
	text := v.markdown()
	for _, want := range []string{
		"| saturation throughput | 10 % | 1 of 1 figures | reached |",
		"| utilization | 5 points | 1 of 1 figures | reached |",
		"| p50 below 85 % of the limit | 20 % | 1 of 1 figures | reached |",
		"| p99 below 85 % of the limit | 35 % | 0 of 1 figures | **not reached** |",
		"| all figures of all loads | as in the tables | 3 of 5 figures | **not reached** |",
		"| throughput of each step | 10 % | 0 of 0 figures | not measured |",
		"| web.utilization | 50.0 % |", "\n### light\n\n| figure | predicted |", validationBegins, validationEnds,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
