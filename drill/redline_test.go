package drill_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/drill"
)

// Wherever the limit lies, the search encloses it within its precision.
func TestSearchEnclosesTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := math.Exp(rapid.Float64Range(0, 10).Draw(t, "log limit"))
		search := drill.Search{From: 100, Factor: 1.5, Precision: .05, Most: 60}
		found, err := search.Run(func(rate float64) (bool, error) { return rate <= limit, nil })
		if err != nil || found.Held > limit || found.Broke <= limit || found.Broke > found.Held*1.05 {
			t.Fatalf("limit %v: %+v, %v", limit, found, err)
		}
	})
}

func TestSearchStops(t *testing.T) {
	tried := 0
	found, err := drill.Search{From: 1, Factor: 2, Precision: .1, Most: 5}.Run(func(float64) (bool, error) { tried++; return true, nil })
	if err != nil || tried != 5 || found.Held != 16 || found.Broke != 0 {
		t.Errorf("%d tried, %+v, %v", tried, found, err)
	}
	broken := errors.New("broken")
	if _, err := (drill.Search{From: 1, Factor: 2, Most: 5}).Run(func(float64) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestConstantRateKeepsTheProportions(t *testing.T) {
	run, err := drill.NewRun(load(t, "prakerja-2020-peak"), drill.Options{Rate: 100, For: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	signups := run.Offered.ByStep["sign-up"].Scheduled
	if signups != 1150 || math.Abs(float64(run.Offered.Scheduled)/signups-5.0/3) > .01 {
		t.Errorf("%v sign-ups of %v people; want 1150, with two visitors for three", signups, run.Offered.Scheduled)
	}
	for _, condition := range run.Conditions {
		if condition.Source == "sign-up.peak_passed_per_min >= 80000" {
			t.Error("the threshold on the scenario's own minute is still there")
		}
	}
}
