package capacity

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// delayFamily is a family of times until people go on. Each has two parameters: the median, and the spread, which is
// about the standard deviation of the logarithm.
type delayFamily uint8

const (
	lognormalDelay delayFamily = iota
	weibullDelay
	gammaDelay
	delayFamilies // how many there are
)

func (f delayFamily) String() string { return [...]string{"lognormal", "Weibull", "gamma"}[f] }

// delay is the distribution of a time until people go on.
//
// Where:
//   - lognormal: a = μ, b = σ
//   - Weibull, gamma: a = scale in seconds, b = shape
type delay struct {
	family delayFamily
	a, b   float64
}

// newDelay returns the member of a family with a median in seconds and a spread.
//
// The logarithm of a Weibull variable of shape k has the standard deviation π/(k√6), that of a gamma variable √ψ′(k),
// where ψ′(k) ≈ 1/k + 1/(2k²). N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous Univariate Distributions", vol. 1,
// 1994, chapters 14, 17 and 21.
func newDelay(family delayFamily, median, spread float64) delay {
	switch family {
	case weibullDelay:
		shape := math.Pi / math.Sqrt(6) / spread
		return delay{family, median / math.Pow(math.Ln2, 1/shape), shape}
	case gammaDelay:
		square := spread * spread
		shape := (1 + math.Sqrt(1+2*square)) / (2 * square)
		return delay{family, median / mathext.GammaIncRegInv(shape, 0.5), shape}
	default:
		return delay{family, math.Log(median), spread}
	}
}

// share returns the probability F(x) that a time is at most x seconds.
func (d delay) share(x float64) float64 {
	switch {
	case !(x > 0):
		return 0
	case d.family == weibullDelay:
		return -math.Expm1(-math.Pow(x/d.a, d.b))
	case d.family == gammaDelay:
		return regular(d.b, x/d.a)
	}
	return normalShare((math.Log(x) - d.a) / d.b)
}

// passed returns ∫F from 0 to x, in seconds: what of x seconds those have been gone who came x seconds ago, on average.
// It is x·F(x) less the partial expectation of the time up to x.
func (d delay) passed(x float64) float64 {
	switch {
	case !(x > 0):
		return 0
	case d.family == weibullDelay:
		power := math.Pow(x/d.a, d.b)
		return max(0, -x*math.Expm1(-power)-d.a*math.Gamma(1+1/d.b)*regular(1+1/d.b, power))
	case d.family == gammaDelay:
		return max(0, x*regular(d.b, x/d.a)-d.b*d.a*regular(d.b+1, x/d.a))
	}
	z := (math.Log(x) - d.a) / d.b
	return max(0, x*normalShare(z)-math.Exp(d.a+d.b*d.b/2)*normalShare(z-d.b))
}

// quantile returns the time that the share u of times do not exceed, by bisection.
func (d delay) quantile(u float64) float64 {
	low, high := 0.0, 1.0
	for d.share(high) < u && high < mostSeconds {
		high *= 2
	}
	for range 100 {
		if middle := (low + high) / 2; d.share(middle) < u {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

func normalShare(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// regular is the regularized lower incomplete gamma function P(a, x).
func regular(a, x float64) float64 {
	if x > 1e8 {
		return 1
	}
	return mathext.GammaIncReg(a, x)
}

// lags holds the differences between the instants of a curve, each once, so that a function of them is computed once.
type lags struct {
	times []float64 // of the rows, the first that of the opening
	gaps  []float64
	index [][]int32 // index[i][j] is the place of times[i] − times[j] in gaps, j ≤ i
}

func newLags(times []float64) lags {
	l := lags{times: times}
	last := times[len(times)-1]
	seen := map[int64]int32{}
	for i, at := range times {
		row := make([]int32, i+1)
		for j := range row {
			gap := at - times[j]
			key := int64(math.Round(gap / last * 1e9))
			place, known := seen[key]
			if !known {
				place = int32(len(l.gaps))
				seen[key] = place
				l.gaps = append(l.gaps, gap)
			}
			row[j] = place
		}
		l.index = append(l.index, row)
	}
	return l
}

// table computes ∫F for all differences, into a slice of their number.
func (l *lags) table(d delay, into []float64) {
	for i, gap := range l.gaps {
		into[i] = d.passed(gap)
	}
}

// gone returns how many of those who came in the first rows would have gone on by row i, if all ever do. Those of a row
// came evenly over its time. Table is what the method table fills.
func (l *lags) gone(i int, came, table []float64) float64 {
	var sum float64
	row := l.index[i]
	for j := range i {
		if came[j] > 0 {
			sum += came[j] * (table[row[j]] - table[row[j+1]]) / (l.times[j+1] - l.times[j])
		}
	}
	return sum
}
