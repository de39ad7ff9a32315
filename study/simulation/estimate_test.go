package simulation

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// TestEstimateText: replications run several at once; two times that are near each other are written as one.
func TestEstimateText(t *testing.T) {
	f := TimeEstimate{Least: 2 * time.Second, Most: 10 * time.Second}
	for _, test := range []struct {
		runs, workers int
		want          string
	}{{1, 2, "2 s to 10 s"}, {2, 2, "2 s to 10 s"}, {36, 2, "36 s to 3 min"}, {3, 1, "6 s to 30 s"}} {
		if got := f.Of(test.runs, Settings{Workers: test.workers}).String(); got != test.want {
			t.Errorf("%d runs, %d at once: %s, want %s", test.runs, test.workers, got, test.want)
		}
	}
	if got := (TimeEstimate{time.Second, 1400 * time.Millisecond}).String(); got != "1.2 s" {
		t.Error(got)
	}
}

// TestEstimateTimePlaysTheBeginning: a small run is played to its end, a large one is not, and both may be
// interrupted.
func TestEstimateTimePlaysTheBeginning(t *testing.T) {
	run, err := setup.NewModel(parseScenario(t, queue), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := EstimateTime(t.Context(), run)
	if err != nil || !(f.Least > 0) || f.Most < f.Least {
		t.Errorf("%+v, %v", f, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	scenario, err := scenarios.Load("prakerja-2020-peak")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := setup.NewModel(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := EstimateTime(ended, whole); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if f, err := EstimateTime(t.Context(), whole); err != nil || f.Least < trialTime {
		t.Errorf("the estimate for a hundred thousand people is %+v, %v", f, err)
	}
}
