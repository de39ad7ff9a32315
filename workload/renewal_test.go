package workload_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
)

func rated(curve workload.Curve) workload.Arrivals {
	return workload.Arrivals{Seed: workload.Seed{Value: 1}, Purpose: workload.NewPurpose("test"), Bins: workload.NewBins(curve, time.Second), Curve: curve, Mode: workload.Poisson}
}

// TestRenewalGaps: the gaps are those of the distribution, stretched to the rate, also across the bins.
func TestRenewalGaps(t *testing.T) {
	for _, test := range []struct {
		gaps     string
		why      string
		mean     float64 // s
		scv      float64
		rate     workload.Rate
		tolerant float64 // of the squared coefficient of variation
	}{
		{"1s", "equal gaps stay equal, whatever their length", .05, 0, 20, 1e-6},
		{"gamma(mean=7ms, scv=4)", "only the shape matters", .05, 4, 20, .75},
		{"gamma(mean=1s, scv=0.5)", "gaps longer than a bin", 5, .5, .2, .05},
	} {
		gaps, err := workload.ParseDistribution(test.gaps)
		if err != nil {
			t.Fatal(err)
		}
		arrivals := rated(workload.Curve{{For: time.Duration(20_000*test.mean) * time.Second, From: test.rate, To: test.rate}})
		arrivals.Renewal = &gaps
		var between []float64
		last, count := time.Duration(0), 0
		for arrival := range arrivals.All() {
			if arrival.Ordinal != uint64(count) {
				t.Fatalf("%s: person %d has the ordinal %d", test.gaps, count, arrival.Ordinal)
			}
			between, last = append(between, (arrival.At-last).Seconds()), arrival.At
			count++
		}
		mean, deviation := stat.MeanStdDev(between, nil)
		if scv := deviation * deviation / (mean * mean); math.Abs(mean/test.mean-1) > 5*math.Sqrt(test.scv/20_000)+1e-6 || math.Abs(scv-test.scv) > test.tolerant {
			t.Errorf("%s (%s): mean %v, SCV %v", test.gaps, test.why, mean, scv)
		}
		if arrivals.Total() != count {
			t.Errorf("%s: the total is %d, but %d came", test.gaps, arrivals.Total(), count)
		}
	}
}

// TestRenewalFollowsTheRate: with equal gaps, the k-th person comes when k are expected.
func TestRenewalFollowsTheRate(t *testing.T) {
	curve := workload.Curve{{For: 10 * time.Second, From: 0, To: 40}, {For: 5 * time.Second, From: 40, To: 40}}
	gaps := workload.ConstantTime(time.Second)
	arrivals := rated(curve)
	arrivals.Renewal = &gaps
	expected := 0.0
	for arrival := range arrivals.All() {
		expected++
		if off := arrival.At - curve.When(expected); off < -time.Microsecond || off > time.Microsecond {
			t.Fatalf("person %v comes at %v, want %v", expected, arrival.At, curve.When(expected))
		}
	}
	if expected < 398 || expected > 400 { // of 400 expected, whose last comes at the end
		t.Errorf("%v people came", expected)
	}
}

// TestScaleKeepsPeople: whoever comes at a scale comes at every greater one, at the same instant.
func TestScaleKeepsPeople(t *testing.T) {
	gaps := workload.ExponentialTime(time.Second)
	rapid.Check(t, func(t *rapid.T) {
		arrivals := rated(workload.Curve{{For: 7 * time.Second, From: 5, To: 30}, {For: 3 * time.Second, From: 30, To: 30}})
		arrivals.Mode = rapid.SampledFrom([]workload.Mode{workload.Poisson, workload.Even, workload.Burst}).Draw(t, "mode")
		arrivals.Random = rapid.Bool().Draw(t, "random")
		if rapid.Bool().Draw(t, "renewal") {
			arrivals.Renewal = &gaps
		}
		at := func(scale float64) []workload.Arrival {
			scaled := arrivals
			scaled.Scale = scale
			all := slices.Collect(scaled.All())
			if !slices.IsSortedFunc(all, func(a, b workload.Arrival) int { return int(a.At - b.At) }) {
				t.Fatalf("at scale %v the people are out of order", scale)
			}
			return all
		}
		less := rapid.Float64Range(.05, 3).Draw(t, "less")
		more := less + rapid.Float64Range(.05, 2).Draw(t, "step")
		few, many := at(less), at(more)
		for _, arrival := range few {
			if !slices.Contains(many, arrival) {
				t.Fatalf("%v comes at scale %v, but not at %v", arrival, less, more)
			}
		}
		ordinals := map[uint64]bool{}
		for _, arrival := range many {
			if ordinals[arrival.Ordinal] {
				t.Fatalf("two people have the ordinal %d", arrival.Ordinal)
			}
			ordinals[arrival.Ordinal] = true
		}
		scaled := arrivals
		scaled.Scale = more
		if len(many) > scaled.Total() || more == math.Trunc(more) && len(many) != scaled.Total() {
			t.Fatalf("%d people come of a total of %d", len(many), scaled.Total())
		}
	})
}

// TestScaleMeans: at scale 2.5 two and a half times as many come.
func TestScaleMeans(t *testing.T) {
	arrivals := rated(workload.Curve{{For: 1000 * time.Second, From: 40, To: 40}})
	arrivals.Scale = 2.5
	count := 0
	for range arrivals.All() {
		count++
	}
	if deviation := math.Sqrt(40_000 * .25); math.Abs(float64(count)-100_000) > 5*deviation {
		t.Errorf("%d people come, want 100,000 ± %.0f", count, 5*deviation)
	}
}
