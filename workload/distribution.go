package workload

import (
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// Kind names the family of a [Distribution].
type Kind string

// The families, each with its text form.
const (
	Constant    Kind = "constant"    // constant(20ms)
	Exponential Kind = "exponential" // exponential(20ms): the mean
	Uniform     Kind = "uniform"     // uniform(1s, 3s)
	Lognormal   Kind = "lognormal"   // lognormal(median=20ms, p95=60ms) or (median=…, p99=…)
	Gamma       Kind = "gamma"       // gamma(mean=20ms, scv=0.5)
	Empirical   Kind = "empirical"   // empirical(10ms, 12ms, 40ms): each equally likely
)

// kinds lists the families in the order of the numbers that a [Distribution] holds. Numbers compare
// faster than names.
var kinds = [...]Kind{Constant, Exponential, Uniform, Lognormal, Gamma, Empirical}

type family uint8

const (
	constantFamily family = iota
	exponentialFamily
	uniformFamily
	lognormalFamily
	gammaFamily
	empiricalFamily
)

// Distribution is a distribution of durations that are never negative. The zero value is the
// constant 0. Scenario files hold its text form: "exponential(20ms)", or just "20ms".
//
// A Distribution is four words long, so that it is passed in registers. What few draws need is
// behind a pointer.
type Distribution struct {
	family family
	a, b   float64 // Constant, Exponential: a = mean; Uniform: a to b; Lognormal: a = mu, b = sigma; Gamma: a = shape, b = scale; seconds
	aside  *aside  // nil for the zero value; never changed once made
}

type aside struct {
	text   string
	points []float64 // Empirical: sorted seconds
}

// Kind returns the family; "constant" for the zero value.
func (d Distribution) Kind() Kind { return kinds[d.family] }

// IsZero reports whether the distribution is the constant 0.
func (d Distribution) IsZero() bool { return d.family == constantFamily && d.a == 0 }

// Mean returns the expectation in seconds.
func (d Distribution) Mean() float64 {
	switch d.family {
	case uniformFamily:
		return (d.a + d.b) / 2
	case lognormalFamily:
		return math.Exp(d.a + d.b*d.b/2)
	case gammaFamily:
		return d.a * d.b
	case empiricalFamily:
		sum := 0.0
		for _, x := range d.aside.points {
			sum += x
		}
		return sum / float64(len(d.aside.points))
	default:
		return d.a
	}
}

// SCV returns the squared coefficient of variation: variance over squared mean (0 for a constant).
func (d Distribution) SCV() float64 {
	mean := d.Mean()
	if mean == 0 {
		return 0
	}
	switch d.family {
	case exponentialFamily:
		return 1
	case uniformFamily:
		return (d.b - d.a) * (d.b - d.a) / 12 / (mean * mean)
	case lognormalFamily:
		return math.Exp(d.b*d.b) - 1
	case gammaFamily:
		return 1 / d.a
	case empiricalFamily:
		sum := 0.0
		for _, x := range d.aside.points {
			sum += (x - mean) * (x - mean)
		}
		return sum / float64(len(d.aside.points)) / (mean * mean)
	default:
		return 0
	}
}

// Quantile returns the smallest duration that at least the share u of draws do not exceed; u is in [0, 1).
func (d Distribution) Quantile(u float64) time.Duration {
	return time.Duration(d.seconds(u) * float64(time.Second))
}

// Draw takes one number from the stream and returns its quantile. Inversion makes common random
// numbers and antithetic draws work for every family.
func (d Distribution) Draw(stream *Stream) time.Duration {
	if d.family == constantFamily {
		return time.Duration(d.a * float64(time.Second))
	}
	return d.Quantile(stream.Float64())
}

// leastUniform is the smallest number above 0 that a stream draws. Smaller arguments of a quantile are
// raised to it, where the inverse functions are still exact.
const leastUniform = 0x1p-53

func (d Distribution) seconds(u float64) float64 {
	switch d.family {
	case exponentialFamily:
		return -d.a * math.Log1p(-u)
	case uniformFamily:
		return d.a + u*(d.b-d.a)
	case lognormalFamily:
		return math.Exp(d.a + d.b*math.Sqrt2*math.Erfinv(2*max(u, leastUniform)-1))
	case gammaFamily:
		return distuv.Gamma{Alpha: d.a, Beta: 1 / d.b}.Quantile(max(u, leastUniform))
	case empiricalFamily:
		return d.aside.points[min(int(u*float64(len(d.aside.points))), len(d.aside.points)-1)]
	default:
		return d.a
	}
}
