package scenarios_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

// Rates are assumptions about a Poisson process; counts happened. Bundled scenarios leave nothing to the default.
func TestUsualTotals(t *testing.T) {
	for _, test := range []struct{ why, arrivals, want string }{
		{"rates", "{step: go, people: [{for: 10s, rate: 5/s}]}", "random"},
		{"rates whose totals are wanted exactly", "{step: go, totals: exact, people: [{for: 10s, rate: 5/s}]}", "exact"},
		{"counts", "{step: go, counts: even.csv}", "exact"},
		{"evenly spaced", "{step: go, mode: even, people: [{for: 10s, rate: 5/s}]}", "exact"},
	} {
		s, err := parse(strings.Replace(minimal, "{step: go, signups: [{for: 10s, rate: 5/s}]}", test.arrivals, 1))
		if err != nil || s.Arrivals.Totals != test.want {
			t.Errorf("%s: totals %q, %v; want %s", test.why, s.Arrivals.Totals, err, test.want)
		}
	}
	for _, name := range scenarios.Bundled() {
		s, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(s.Source()); s.Arrivals.Counts == "" && !strings.Contains(text, "totals:") {
			t.Errorf("%s does not state its totals", name)
		}
	}
}
