package capacity

import (
	"math"
	"slices"

	"github.com/ombak-sim/ombak/workload"
)

// scatter is the distribution of measured values around a fitted model. A residual bootstrap draws new values from it.
//
// Source: B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, section 9.4; residuals
// of one size by their leverage: A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their
// Application", 1997, section 6.2.3, eq. 6.9, and with a variance that follows the mean 7.2. Each draw
// also draws the size of errors, because a few residuals estimate it badly. In a linear model with normal
// errors the middle 95 % of the draws are then Student's interval (A. Gelman et al., "Bayesian Data
// Analysis", 3rd ed., 2013, section 14.2). Errors are assumed to be symmetric.
//
// Where:
//   - the fit is by least squares of values; h is its hat matrix, δ the unit matrix, r a residual
//   - an error has the variance s²·v: v is 1, or the square of the fitted value if the spread grows with it. Each is
//     drawn with its posterior probability, from its likelihood by the residuals and from growsOdds
//   - u = r/√(Σ(δ − h)²·v) is a residual of variance s²
//   - s² is drawn as (n − p)·ŝ²/χ², χ² with n − p degrees of freedom for n values and p parameters
type scatter struct {
	fitted   []float64
	constant []float64 // u for v = 1
	relative []float64 // u for v = (fitted/largest)²; none if a fitted value is 0 or less
	largest  float64   // fitted value
	grows    float64   // probability of the latter
	freedom  int
}

// growsOdds are the prior odds that the spread grows with the value, as that of throughputs and busy times mostly does.
// A few residuals hardly decide it.
const growsOdds = 3

// newScatter takes the residuals of a fit, and the derivatives of the fitted values by each parameter.
func newScatter(fitted, residuals []float64, slopes [][]float64) scatter {
	s := scatter{fitted: fitted, freedom: len(fitted) - len(slopes)}
	base := orthonormal(slopes)
	var constant, relative float64
	s.constant, constant = oneSize(residuals, slices.Repeat([]float64{1}, len(fitted)), base)
	if slices.Min(fitted) > 0 {
		squares := make([]float64, len(fitted))
		s.largest = slices.Max(fitted)
		for i, value := range fitted {
			squares[i] = value / s.largest * (value / s.largest)
		}
		s.relative, relative = oneSize(residuals, squares, base)
		s.grows = 1 / (1 + math.Exp(constant-relative)/growsOdds)
	}
	return s
}

// orthonormal returns an orthonormal base of the span of the columns (Gram–Schmidt, twice because of rounding).
func orthonormal(columns [][]float64) [][]float64 {
	var base [][]float64
	for _, column := range columns {
		next := slices.Clone(column)
		whole := math.Sqrt(dot(next, next))
		for range 2 {
			for _, b := range base {
				along := dot(b, next)
				for i := range next {
					next[i] -= along * b[i]
				}
			}
		}
		length := math.Sqrt(dot(next, next))
		if !(length > 1e-12*whole) {
			continue
		}
		for i := range next {
			next[i] /= length
		}
		base = append(base, next)
	}
	return base
}

// oneSize returns the residuals u and the logarithm of their likelihood.
func oneSize(residuals, variances []float64, base [][]float64) (sized []float64, likelihood float64) {
	seen := visible(variances, base)
	var sum float64
	for i, r := range residuals {
		if seen[i] < 1e-9*variances[i] {
			continue // the fit always goes through this point
		}
		u := r / math.Sqrt(seen[i])
		sized = append(sized, u)
		sum += u * u
		likelihood -= math.Log(seen[i]) / 2
	}
	n := float64(len(sized))
	return sized, likelihood - n/2*math.Log(max(sum/n, math.SmallestNonzeroFloat64))
}

// visible returns Σ(δ − h)²·v of each row: the variance of a residual if errors have variance v. The hat matrix is the
// sum of the products of the base.
func visible(variances []float64, base [][]float64) []float64 {
	seen := slices.Clone(variances)
	for _, b := range base {
		for i, v := range variances {
			seen[i] -= 2 * v * b[i] * b[i]
		}
		for _, c := range base {
			var weighted float64
			for i, v := range variances {
				weighted += v * b[i] * c[i]
			}
			for i := range seen {
				seen[i] += weighted * b[i] * c[i]
			}
		}
	}
	return seen
}

// draw fills values with measurements that might have been made instead.
func (s scatter) draw(stream *workload.Stream, values []float64) {
	size := math.Sqrt(float64(s.freedom) / chiSquare(stream, s.freedom))
	pool, grows := s.constant, false
	if len(s.relative) > 0 && stream.Chance(s.grows) {
		pool, grows = s.relative, true
	}
	if len(pool) == 0 { // the fit meets every value exactly
		copy(values, s.fitted)
		return
	}
	for i, value := range s.fitted {
		miss := size * pool[stream.IntN(len(pool))]
		if stream.Chance(0.5) {
			miss = -miss
		}
		if grows {
			miss *= value / s.largest
		}
		values[i] = value + miss
	}
}

// chiSquare draws a chi-square deviate with this many degrees of freedom.
func chiSquare(stream *workload.Stream, freedom int) float64 {
	var sum float64
	for range freedom / 2 {
		sum += 2 * stream.ExpFloat64()
	}
	if freedom%2 == 1 {
		turn := math.Cos(2 * math.Pi * stream.Float64())
		sum += 2 * stream.ExpFloat64() * turn * turn
	}
	return sum
}
