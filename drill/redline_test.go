package drill_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/report"
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

func TestKneeHasTheMostPower(t *testing.T) {
	level := func(goodput, mean float64) report.Report {
		return report.Report{Steps: []report.StepRow{{Step: "sign-up", GoodputPerS: goodput, ResponseTimePassedS: &report.Quantiles{Mean: mean}}}}
	}
	// Goodput over response time: 1,000, 1,900, 1,300, 90.
	levels := []report.Report{level(100, .1), level(190, .1), level(260, .2), level(270, 3)}
	rates := []float64{100, 190, 260, 300}
	if knee := drill.Knee(levels, rates, "sign-up"); knee != 190 {
		t.Errorf("the knee is at %v, want 190", knee)
	}
	if knee := drill.Knee(levels, rates, "elsewhere"); knee != 0 {
		t.Errorf("a step without levels has a knee at %v", knee)
	}
}

func TestScalabilityOfClosedLevels(t *testing.T) {
	law := capacity.USL{Sigma: .05, Kappa: .002, Lambda: 100}
	var levels []report.Level
	for _, n := range []float64{1, 2, 4, 8, 16, 32} {
		throughput, err := law.Throughput(n)
		if err != nil {
			t.Fatal(err)
		}
		levels = append(levels, report.Level{Concurrency: n, ThroughputPerS: throughput})
	}
	fit, err := drill.Scalability(append(levels, report.Level{OfferedPerS: 50})) // an open level says nothing
	if err != nil || math.Abs(fit.Sigma-law.Sigma) > 1e-4 || math.Abs(fit.Kappa-law.Kappa) > 1e-5 || math.Abs(fit.Lambda-law.Lambda) > .01 {
		t.Errorf("the fit is %+v, %v; want %+v", fit.USL, err, law)
	}
}
