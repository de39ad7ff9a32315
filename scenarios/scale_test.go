package scenarios_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

// TestScaleOfNobody checks that a scale of 0 is refused, which would silently mean 1.
func TestScaleOfNobody(t *testing.T) {
	for scale, good := range map[string]bool{"0": false, "-1": false, "0.5": true} {
		text := "schema: ombak.scenario/v1\nname: s\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\narrivals: {step: sign-up, scale: " + scale +
			", signups: [{for: 1s, rate: 1/s}]}\njourney: [{name: sign-up, request: {target: web, path: /}}]\n"
		_, err := scenarios.Parse("s.yaml", []byte(text), nil)
		if refused := err != nil && strings.Contains(err.Error(), "is not a factor"); refused == good {
			t.Errorf("scale %s: %v", scale, err)
		}
	}
}
