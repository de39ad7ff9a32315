package workload_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
)

func surge() workload.Curve {
	return workload.Curve{{10 * time.Second, 0, 3000}, {5 * time.Second, 3000, 3000}, {20 * time.Second, 3000, 500}, {5 * time.Second, 0, 0}}
}

func TestCurveInvertsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var curve workload.Curve
		for range rapid.IntRange(1, 5).Draw(t, "pieces") {
			curve = append(curve, workload.Segment{
				For:  time.Duration(rapid.IntRange(1, 100_000).Draw(t, "ms")) * time.Millisecond,
				From: workload.Rate(rapid.Float64Range(0, 5000).Draw(t, "from")), To: workload.Rate(rapid.Float64Range(0, 5000).Draw(t, "to")),
			})
		}
		total := curve.Expected(curve.Duration())
		want := rapid.Float64Range(0, 1).Draw(t, "u") * total
		at := curve.When(want)
		// A nanosecond at the steepest rate is 5e-6 arrivals.
		if got := curve.Expected(at); at < 0 || at > curve.Duration() || math.Abs(got-want) > 1e-5+1e-9*total {
			t.Fatalf("Λ(%v) is %v, want %v", at, got, want)
		}
	})
}

// andersonDarling returns the p-value of A² under the hypothesis that the values are uniform on (0, 1). The
// distribution is that of Marsaglia and Marsaglia, Evaluating the Anderson-Darling Distribution, Journal of
// Statistical Software 9(2), 2004, for large samples. The values must be sorted.
func andersonDarling(u []float64) float64 {
	n := float64(len(u))
	sum := 0.0
	for i := range u {
		sum += (2*float64(i) + 1) * (math.Log(u[i]) + math.Log1p(-u[len(u)-1-i]))
	}
	z := -n - sum/n
	if z < 2 {
		return 1 - math.Exp(-1.2337141/z)/math.Sqrt(z)*(2.00012+(.247105-(.0649821-(.0347962-(.011672-.00168691*z)*z)*z)*z)*z)
	}
	return 1 - math.Exp(-math.Exp(1.0776-(2.30695-(.43424-(.082433-(.008056-.0003146*z)*z)*z)*z)*z))
}

func TestAndersonDarlingKnowsTheExponential(t *testing.T) {
	// A² of 2.492 and 3.857 are the classical 5 % and 1 % points (Stephens 1974, case 0).
	even := make([]float64, 1000)
	for i := range even {
		even[i] = (float64(i) + 0.5) / 1000
	}
	if p := andersonDarling(even); p < 0.999 {
		t.Errorf("equal distances have p = %v", p)
	}
	for i := range even {
		even[i] = math.Pow(even[i], 1.3)
	}
	if p := andersonDarling(even); p > 1e-4 {
		t.Errorf("a wrong distribution has p = %v", p)
	}
}

// After time has been rescaled by Λ, the gaps of a Poisson process are exponential with mean 1. In a bin with
// an exact count, the gaps are those of n uniform numbers, which for n ≥ 1,000 are practically exponential.
func TestGapsAreExponential(t *testing.T) {
	for _, test := range []struct {
		why    string
		random bool
		curve  workload.Curve
		counts []int
	}{
		{"a ramp, a plateau and a decline, of random totals", true, surge(), nil},
		{"the same, of exact totals", false, surge(), nil},
		{"minutes of counts", false, nil, []int{1000, 80_000, 2500}},
		{"minutes of mean counts", true, nil, []int{1000, 80_000, 2500}},
	} {
		for seed := range uint64(5) {
			a := workload.Arrivals{Seed: workload.Seed{Value: seed}, Purpose: 1, Curve: test.curve, Random: test.random}
			a.Bins = workload.Bins{Width: time.Minute, Counts: test.counts}
			if test.curve != nil {
				a.Bins = workload.NewBins(test.curve, time.Second)
			}
			for bin, gaps := range gapsPerBin(a) {
				if p := andersonDarling(gaps); p < 1e-4 {
					t.Errorf("%s, seed %d, bin %d: the gaps of %d people have p = %v", test.why, seed, bin, len(gaps), p)
				}
			}
		}
	}
}

// gapsPerBin returns 1 − exp(−gap) of the rescaled gaps of each bin of 1,000 people or more, sorted.
func gapsPerBin(a workload.Arrivals) map[int][]float64 {
	instants := map[int][]float64{}
	for arrival := range a.All() {
		bin := int(arrival.At / a.Bins.Width)
		within := float64(arrival.At-a.Bins.Width*time.Duration(bin)) / float64(a.Bins.Width) * float64(a.Count(bin))
		if len(a.Curve) > 0 {
			within = a.Curve.Expected(arrival.At)
		}
		instants[bin] = append(instants[bin], within)
	}
	gaps := map[int][]float64{}
	for bin, at := range instants {
		if len(at) < 1000 {
			continue
		}
		var own []float64
		for i := 1; i < len(at); i++ {
			own = append(own, min(1-1e-12, max(1e-12, -math.Expm1(at[i-1]-at[i]))))
		}
		slices.Sort(own)
		gaps[bin] = own
	}
	return gaps
}

// Random totals have the mean and the variance of a Poisson distribution. Another seed gives other totals.
func TestRandomTotals(t *testing.T) {
	const n = 2000
	sum, squares := 0.0, 0.0
	for seed := range uint64(n) {
		a := workload.Arrivals{Seed: workload.Seed{Value: seed}, Purpose: 1, Random: true, Bins: workload.Bins{Width: time.Second, Counts: []int{60, 40}}}
		total := float64(a.Total())
		sum, squares = sum+total, squares+total*total
	}
	mean := sum / n
	variance := squares/n - mean*mean
	// Standard errors: of the mean √(100/2000) = 0.22, of the variance 100·√(2/2000) ≈ 3.2; 5 of them.
	if math.Abs(mean-100) > 1.1 || math.Abs(variance-100) > 16 {
		t.Errorf("totals have mean %.2f and variance %.1f, want 100 and 100", mean, variance)
	}
}
