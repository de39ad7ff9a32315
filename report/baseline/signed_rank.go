package baseline

import (
	"math"
	"slices"
)

// signedRankTails returns P(W ≤ w) for w = 0 … n(n+1)/2. W is the sum of the ranks of the positive ones of n
// differences that are symmetric about 0: each rank counts with probability ½. Wilcoxon, "Individual
// Comparisons by Ranking Methods" (1945); Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods",
// 3rd ed. (2014), sec. 3.1.
func signedRankTails(n int) []float64 {
	probability := make([]float64, n*(n+1)/2+1)
	probability[0] = 1
	for rank, top := 1, 0; rank <= n; rank++ {
		top += rank
		for w := top; w >= 0; w-- {
			with := 0.0
			if w >= rank {
				with = probability[w-rank]
			}
			probability[w] = (probability[w] + with) / 2
		}
	}
	for w := 1; w < len(probability); w++ {
		probability[w] += probability[w-1]
	}
	return probability
}

// walshAverages returns the means of all pairs of values, each value also paired with itself, in ascending
// order.
func walshAverages(values []float64) []float64 {
	averages := make([]float64, 0, len(values)*(len(values)+1)/2)
	for i, a := range values {
		for _, b := range values[i:] {
			averages = append(averages, a/2+b/2)
		}
	}
	slices.Sort(averages)
	return averages
}

// hodgesLehmann returns the median of the Walsh averages. Hodges and Lehmann, "Estimates of Location Based on
// Rank Tests" (1963).
func hodgesLehmann(averages []float64) float64 {
	n := len(averages)
	if n == 0 {
		return math.NaN()
	}
	return averages[(n-1)/2]/2 + averages[n/2]/2
}

// signedRankInterval returns Tukey's interval for the centre of the differences, from the (k+1)-th smallest
// to the (k+1)-th largest Walsh average. k is the largest value with P(W ≤ k) ≤ alpha, so each end errs with
// a probability of at most alpha. Ties only widen the interval. It returns false if there are too few
// differences for alpha. Hollander, Wolfe and Chicken, sec. 3.3.
func signedRankInterval(averages []float64, n int, alpha float64) (low, high float64, ok bool) {
	k := -1
	for w, tail := range signedRankTails(n) {
		if tail > alpha*(1+1e-12) {
			break
		}
		k = w
	}
	if k < 0 {
		return math.Inf(-1), math.Inf(1), false
	}
	return averages[k], averages[len(averages)-1-k], true
}

// pairsNeeded returns the fewest differences whose interval errs with probability alpha on each side.
func pairsNeeded(alpha float64) int { return max(minPairs, int(math.Ceil(-math.Log2(alpha)-1e-9))) }
