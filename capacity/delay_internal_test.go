package capacity

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
)

// TestDelays holds the closed form of ∫F against a sum, and the median against its parameter.
func TestDelays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		family := delayFamily(rapid.IntRange(0, int(delayFamilies)-1).Draw(t, "family"))
		median, spread := rapid.Float64Range(0.5, 2).Draw(t, "median"), rapid.Float64Range(leastSpread, 2).Draw(t, "spread")
		d := newDelay(family, median, spread)
		if at := d.share(median); math.Abs(at-0.5) > 1e-9 {
			t.Fatalf("%v %v: F(median) = %v", family, d, at)
		}
		if at := d.share(d.quantile(0.95)); math.Abs(at-0.95) > 1e-6 {
			t.Fatalf("%v %v: F(p95) = %v", family, d, at)
		}
		x := rapid.Float64Range(0.1, 10).Draw(t, "x")
		const parts = 4000
		var area float64
		for i := range parts {
			area += d.share((float64(i)+0.5)*x/parts) * x / parts
		}
		if got := d.passed(x); math.Abs(got-area) > 2e-4*(1+area) {
			t.Fatalf("%v %v: ∫F to %v is %v, not %v", family, d, x, got, area)
		}
	})
}

// TestLags: people of even rows who go on after a constant time are counted by hand.
func TestLags(t *testing.T) {
	l := newLags([]float64{0, 1, 2, 3, 4})
	if want := []float64{0, 1, 2, 3, 4}; !slices.Equal(slices.Sorted(slices.Values(l.gaps)), want) {
		t.Fatalf("the differences are %v", l.gaps)
	}
	table := make([]float64, len(l.gaps))
	l.table(newDelay(lognormalDelay, 1.5, 1e-6), table)
	for i, want := range []float64{0, 0, 50, 100, 100} { // 100 came in the first row, half of them before 0.5
		if got := l.gone(i, []float64{100, 0, 0, 0}, table); math.Abs(got-want) > 1e-3 {
			t.Errorf("%v have gone on by row %d, not %v", got, i, want)
		}
	}
	if uneven := newLags([]float64{0, 1, 3, 7}); len(uneven.gaps) != 7 {
		t.Errorf("uneven rows have the differences %v", uneven.gaps)
	}
}

// TestHazard: of a hundred, half ever go on; who has gone raises neither the share nor falls below 0.
func TestHazard(t *testing.T) {
	for _, test := range []struct {
		why                        string
		p, before, so, all, hazard float64
	}{
		{"nobody has gone yet", 0.5, 0, 10, 100, 0.05},
		{"half of those who ever go have gone", 0.5, 50, 100, 100, 25. / 75},
		{"nobody is left", 1, 100, 100, 100, 1e-12},
	} {
		if got := hazard(test.p, test.before, test.so, test.all); math.Abs(got-test.hazard) > 1e-12 {
			t.Errorf("%s: %v, not %v", test.why, got, test.hazard)
		}
	}
}

// TestBetaBinomial: the likelihoods of all counts of a small pool add up to 1, with the mean and variance that the rate
// implies, whether or not Stirling's formula is used.
func TestBetaBinomial(t *testing.T) {
	const pool, q = 12, 0.3
	for _, c := range []float64{0.5, 0.01, leastNoise} {
		var whole, mean, square float64
		for d := 0.0; d <= pool; d++ {
			choose := math.Exp(logRising(1, pool) - logRising(1, d) - logRising(1, pool-d))
			p := choose * math.Exp(betaBinomial(d, pool, q, c))
			whole, mean, square = whole+p, mean+d*p, square+d*d*p
		}
		variance := pool*q*(1-q) + pool*(pool-1)*c*q*q*(1-q)
		if got := square - mean*mean; math.Abs(whole-1) > 1e-5 || math.Abs(mean-pool*q) > 1e-4 || math.Abs(got-variance) > 1e-3 {
			t.Errorf("c %v: sum %v, mean %v, variance %v instead of 1, %v, %v", c, whole, mean, got, pool*q, variance)
		}
	}
}

// TestSample holds the draws of the sampler against a normal density with a ridge, whose moments are known.
func TestSample(t *testing.T) {
	const correlation = 0.95
	ridge := func(x []float64) (float64, float64) {
		a, b := x[0]-3, (x[1]+1)/0.01
		height := -(a*a - 2*correlation*a*b + b*b) / 2 / (1 - correlation*correlation)
		return height, height
	}
	var means, squares, products float64
	var draws [][]float64
	for run := range 20 {
		stream := fitSeed(run)
		some, mode, likelihood := sample(ridge, [][]float64{{0, 0}, {2, -1.1}}, &stream)
		if math.Abs(mode[0]-3) > 0.05 || likelihood < -0.01 {
			t.Fatalf("the mode is %v", mode)
		}
		draws = append(draws, some...)
	}
	for _, x := range draws {
		means += x[0]
		squares += (x[0] - 3) * (x[0] - 3)
		products += (x[0] - 3) * (x[1] + 1) / 0.01
	}
	n := float64(len(draws))
	if got := fmt.Sprintf("%.1f %.1f", means/n, products/squares); got != "3.0 0.9" && got != "3.0 1.0" {
		t.Errorf("mean and slope are %s", got)
	}
	if variance := squares / n; variance < 0.85 || variance > 1.15 {
		t.Errorf("the variance is %v", variance)
	}
}

func fitSeed(run int) workload.Stream {
	return workload.Seed{Value: uint64(run)}.Stream(fitPurpose, 0, 0, 0)
}

// TestChosen holds the mean and the variance of draws by all methods, and that each ends.
func TestChosen(t *testing.T) {
	for _, test := range []struct{ n, q float64 }{
		{0, 0.5},
		{1, 0.3},
		{24, 0.9},
		{25, 1e-12},
		{100, 1 - 1e-9},
		{1e4, 0.001},
		{9e4, 1e-15},
		{9e4, 0.01},
		{1e5, 0.5},
		{1e6, 1e-4},
		{1e6, 1 - 1e-4},
		{1e12, 1e-15},
		{1e12, 1e-10},
		{1e12, 0.4},
		{1e12, 1 - 1e-12},
	} {
		stream := fitSeed(7)
		const draws = 4000
		var sum, square float64
		for range draws {
			x := chosen(test.n, test.q, &stream)
			if x < 0 || x > test.n || x != math.Trunc(x) {
				t.Fatalf("%v of %v", x, test.n)
			}
			miss := x - test.n*test.q
			sum, square = sum+miss, square+miss*miss
		}
		variance := test.n * test.q * (1 - test.q)
		if mean := sum / draws; math.Abs(mean) > 4*math.Sqrt(variance/draws)+1e-3 {
			t.Errorf("%+v: the mean is off by %v", test, mean)
		}
		if got := square / draws; math.Abs(got-variance) > 0.12*variance+0.01 {
			t.Errorf("%+v: the variance is %v, not %v", test, got, variance)
		}
	}
}
