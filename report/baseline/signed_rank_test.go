package baseline

import (
	"math"
	"math/bits"
	"testing"
)

// Critical values of the signed-rank sum: the largest T with P(W ≤ T) ≤ α, one-sided. Wilcoxon and
// Wilcox, "Some Rapid Approximate Statistical Procedures" (1964), table 2; McCornack, JASA 60 (1965).
func TestSignedRankTable(t *testing.T) {
	table := []struct {
		n        int
		alpha    float64
		critical int
	}{
		{5, 0.05, 0},
		{6, 0.05, 2},
		{7, 0.05, 3},
		{8, 0.05, 5},
		{10, 0.05, 10},
		{12, 0.05, 17},
		{15, 0.05, 30},
		{20, 0.05, 60},
		{25, 0.05, 100},
		{6, 0.025, 0},
		{7, 0.025, 2},
		{8, 0.025, 3},
		{9, 0.025, 5},
		{10, 0.025, 8},
		{11, 0.025, 10},
		{12, 0.025, 13},
		{15, 0.025, 25},
		{20, 0.025, 52},
		{25, 0.025, 89},
		{7, 0.01, 0},
		{8, 0.01, 1},
		{10, 0.01, 5},
		{15, 0.01, 19},
		{20, 0.01, 43},
		{8, 0.005, 0},
		{9, 0.005, 1},
		{10, 0.005, 3},
		{12, 0.005, 7},
		{15, 0.005, 15},
		{20, 0.005, 37},
	}
	for _, row := range table {
		tails := signedRankTails(row.n)
		if tails[row.critical] > row.alpha || tails[row.critical+1] <= row.alpha {
			t.Errorf("n=%d, α=%v: P(W≤%d)=%v, P(W≤%d)=%v", row.n, row.alpha, row.critical, tails[row.critical], row.critical+1, tails[row.critical+1])
		}
	}
}

// signedRankTails agrees with a count over every assignment of signs.
func TestSignedRankEnumeration(t *testing.T) {
	for n := 1; n <= 12; n++ {
		counts := make([]float64, n*(n+1)/2+1)
		for signs := range 1 << n {
			sum := 0
			for rest := uint(signs); rest != 0; rest &= rest - 1 {
				sum += bits.TrailingZeros(rest) + 1
			}
			counts[sum]++
		}
		below := 0.0
		for w, tail := range signedRankTails(n) {
			below += counts[w] / float64(int(1)<<n)
			if math.Abs(below-tail) > 1e-12 {
				t.Fatalf("n=%d: P(W≤%d) is %v, want %v", n, w, tail, below)
			}
		}
	}
}

// Hollander and Wolfe's example 3.1 (Hamilton's depression scale, 9 patients): the estimate is −0.46, and the
// 96.1 % interval runs from −0.786 to −0.010.
func TestHodgesLehmannExample(t *testing.T) {
	before := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	var differences []float64
	for i := range before {
		differences = append(differences, after[i]-before[i])
	}
	averages := walshAverages(differences)
	if got := hodgesLehmann(averages); math.Abs(got+0.46) > 0.0005 {
		t.Errorf("the estimate is %v", got)
	}
	low, high, ok := signedRankInterval(averages, 9, 0.0196)
	if !ok || math.Abs(low+0.786) > 0.0005 || math.Abs(high+0.010) > 0.0005 {
		t.Errorf("the interval is %v to %v", low, high)
	}
}

func TestClopperPearson(t *testing.T) {
	// Published: 0 of 10 gives 0 to 0.3085, 5 of 10 gives 0.1871 to 0.8129.
	for _, test := range []struct {
		hits      int
		low, high float64
	}{{0, 0, 0.3085}, {5, 0.1871, 0.8129}, {10, 0.6915, 1}} {
		got := clopperPearson(test.hits, 10)
		if math.Abs(got[0]-test.low) > 1e-4 || math.Abs(got[1]-test.high) > 1e-4 {
			t.Errorf("%d of 10: %v", test.hits, got)
		}
	}
}
