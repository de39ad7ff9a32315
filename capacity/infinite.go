package capacity

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// Sinusoid is an arrival rate that swings: Mean + Amplitude·sin(Frequency·t), per second.
type Sinusoid struct {
	Mean      float64 // per second
	Amplitude float64 // per second, at most Mean
	Frequency float64 // radians per second
}

func (s Sinusoid) check(serviceRate float64) error {
	err := cmp.Or(positive("mean arrival rate", s.Mean), notNegative("amplitude", s.Amplitude), positive("frequency", s.Frequency), positive("service rate", serviceRate))
	if err == nil && s.Amplitude > s.Mean {
		err = fmt.Errorf("the amplitude is %g with a mean of %g, so that the rate would be negative; give at most the mean", s.Amplitude, s.Mean)
	}
	return err
}

// InProgress returns the mean number in Mt/M/∞ at time t, long after the start. It peaks after the
// arrivals do.
//
// Source: S. G. Eick, W. A. Massey, W. Whitt, "Mt/G/∞ queues with sinusoidal arrival rates",
// Management Science 39(2), 1993, exponential case: m(t) = β/μ + α(μ sin γt − γ cos γt)/(μ² + γ²).
//
// Where:
//   - β, α, γ are Mean, Amplitude and Frequency
//   - μ is serviceRate, per second
func (s Sinusoid) InProgress(serviceRate, t float64) (float64, error) {
	if err := s.check(serviceRate); err != nil {
		return 0, err
	}
	if math.IsNaN(t) || math.IsInf(t, 0) {
		return 0, fmt.Errorf("the time is %v; it must be finite", t)
	}
	sine, cosine := math.Sincos(s.Frequency * t)
	swing := (serviceRate*sine - s.Frequency*cosine) / (serviceRate*serviceRate + s.Frequency*s.Frequency)
	return inRange(s.Mean/serviceRate + s.Amplitude*swing)
}

// PeakInProgress returns the most that [Sinusoid.InProgress] reaches: β/μ + α/√(μ² + γ²).
// Source: Eick, Massey, Whitt, 1993, as above.
func (s Sinusoid) PeakInProgress(serviceRate float64) (float64, error) {
	if err := s.check(serviceRate); err != nil {
		return 0, err
	}
	return inRange(s.Mean/serviceRate + s.Amplitude/math.Hypot(serviceRate, s.Frequency))
}

// OfferedLoad returns the mean number in Mt/M/∞ at time t when it was empty at time 0: the servers
// that would be busy if there were always one more. The number is Poisson with that mean.
//
// Source: S. G. Eick, W. A. Massey, W. Whitt, "The physics of the Mt/G/∞ queue", Operations Research
// 41(4), 1993, theorem 1: m(t) = ∫₀ᵗ λ(u)·e^{−μ(t−u)} du, by adaptive quadrature.
//
// Where:
//   - λ is rate: arrivals per second at a time in seconds; it may jump
//   - μ is serviceRate, per second
func OfferedLoad(rate func(t float64) float64, serviceRate, t float64) (float64, error) {
	if err := positive("service rate", serviceRate); err != nil {
		return 0, err
	}
	return OfferedLoadOf(rate, func(age float64) float64 { return math.Exp(-serviceRate * age) }, t)
}

// OfferedLoadOf is [OfferedLoad] for any service time S: m(t) = ∫₀ᵗ λ(u)·P(S > t−u) du.
//
// Where:
//   - survival is P(S > age), the age in seconds
func OfferedLoadOf(rate, survival func(float64) float64, t float64) (float64, error) {
	if err := notNegative("time", t); err != nil {
		return 0, err
	}
	var fault error
	load := integrate(func(u float64) float64 {
		arriving, staying := rate(u), survival(t-u)
		if fault == nil {
			fault = cmp.Or(notNegative(fmt.Sprintf("arrival rate at %g s", u), arriving), notNegative(fmt.Sprintf("survival at %g s", t-u), staying))
		}
		return arriving * staying
	}, 0, t)
	if err := cmp.Or(fault, notNegative("number in progress", load)); err != nil {
		return 0, err
	}
	return load, nil
}

// integrate halves panels until 10-point Gauss–Legendre agrees with itself to 1e-10 of the whole.
func integrate(f func(float64) float64, from, to float64) float64 {
	const panels, depth = 32, 44
	width := (to - from) / panels
	edge := func(i int) float64 { return from + float64(i)*width }
	estimates := make([]float64, panels)
	var whole float64
	for i := range estimates {
		estimates[i] = quad.Fixed(f, edge(i), edge(i+1), 10, quad.Legendre{}, 1)
		whole += math.Abs(estimates[i])
	}
	budget := integral{f: f, tolerance: 1e-11 * whole, evaluations: 4_000_000}
	var sum float64
	for i, estimate := range estimates {
		sum += budget.refine(edge(i), edge(i+1), estimate, depth)
	}
	return sum
}

type integral struct {
	f           func(float64) float64
	tolerance   float64
	evaluations int // left; a wild function ends with what it has
}

func (in *integral) refine(from, to, estimate float64, depth int) float64 {
	middle := from + (to-from)/2
	left := quad.Fixed(in.f, from, middle, 10, quad.Legendre{}, 1)
	right := quad.Fixed(in.f, middle, to, 10, quad.Legendre{}, 1)
	in.evaluations -= 20
	if depth == 0 || in.evaluations < 0 || math.Abs(left+right-estimate) <= in.tolerance {
		return left + right
	}
	return in.refine(from, middle, left, depth-1) + in.refine(middle, to, right, depth-1)
}
