package simulation

import (
	"math"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// TestQuantilesWithinAWindow are known however little a simulation keeps otherwise: the mean over all replications.
func TestQuantilesWithinAWindow(t *testing.T) {
	text := strings.NewReplacer("ROUTE", "[{station: q}]", "POLICY", "").Replace(crowded) +
		"thresholds: [{expr: go.response_time.p95 < 500ms during 10s..85s}, {expr: go.response_time.p95 < 200ms during 10s..85s, severity: warn}]\n"
	model, err := setup.NewModel(parseScenario(t, text), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for what, settings := range map[string]Settings{
		"one":        {},
		"four":       {Replications: 4},
		"brief":      {Replications: 4, Brief: true},
		"lean":       {Replications: 4, Brief: true, Lean: true},
		"antithetic": {Replications: 4, Antithetic: true},
	} {
		result := simulated(t, model, settings)
		holds, broken := result.Report.Thresholds[0], result.Report.Thresholds[1]
		if result.Report.Verdict != report.Pass || broken.Verdict != report.Fail || holds.Value == nil {
			t.Fatalf("%s: %+v and %+v, want the first to hold and the second not", what, holds, broken)
		}
		if want := -.1 * math.Log(.05); math.Abs(*holds.Value-want) > .02*want { // exponential with mean 100 ms
			t.Errorf("%s: p95 is %v s, want %v s", what, *holds.Value, want)
		}
		if interval := holds.CI95; (interval != nil) != (len(result.Replications) > 1) {
			t.Errorf("%s: the interval is %v from %d replications", what, interval, len(result.Replications))
		}
		for _, replication := range result.Replications {
			if len(replication.Margins) > 0 && !replication.Margins[0].Holds() {
				t.Errorf("%s: in one replication the margin is %+v", what, replication.Margins[0])
			}
		}
	}
}
