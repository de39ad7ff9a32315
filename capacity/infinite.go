package capacity

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Sinusoid is the arrival rate Mean + Amplitude·sin(Frequency·t), per second.
type Sinusoid struct {
	Mean      float64 // per second
	Amplitude float64 // per second, at most Mean
	Frequency float64 // radians per second
}

func (s Sinusoid) check(serviceRate float64) error {
	err := cmp.Or(positive("mean arrival rate", s.Mean), notNegative("amplitude", s.Amplitude), positive("frequency", s.Frequency), positive("service rate", serviceRate))
	if err == nil && s.Amplitude > s.Mean {
		err = fmt.Errorf("the amplitude is %g with a mean of %g, so the rate would be negative; give at most the mean", s.Amplitude, s.Mean)
	}
	return err
}

// InProgress returns the mean number in Mt/M/∞ at time t, long after the start. Its peak lags behind that of the
// arrivals.
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

// PeakInProgress returns the maximum of [Sinusoid.InProgress]: β/μ + α/√(μ² + γ²).
// Source: Eick, Massey, Whitt, 1993, as above.
func (s Sinusoid) PeakInProgress(serviceRate float64) (float64, error) {
	if err := s.check(serviceRate); err != nil {
		return 0, err
	}
	return inRange(s.Mean/serviceRate + s.Amplitude/math.Hypot(serviceRate, s.Frequency))
}

// OfferedLoad returns the mean number in Mt/M/∞ at time t if it was empty at time 0: the number of busy
// servers with unlimited servers. The number has a Poisson distribution with that mean.
//
// Source: S. G. Eick, W. A. Massey, W. Whitt, "The physics of the Mt/G/∞ queue", Operations Research 41(4),
// 1993, theorem 1: m(t) = ∫₀ᵗ λ(u)·e^{−μ(t−u)} du, by adaptive quadrature.
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

// OfferedLoadOf is [OfferedLoad] for any service time S: m(t) = ∫₀ᵗ λ(u)·P(S > t−u) du, to about 1e-10
// of it. It returns an error if the rate varies so finely that more than 4 million values are needed.
//
// Where:
//   - survival is P(S > age), the age in seconds; it never rises
func OfferedLoadOf(rate, survival func(float64) float64, t float64) (float64, error) {
	if err := notNegative("time", t); err != nil {
		return 0, err
	}
	var fault error
	load, settled := integrate(func(age float64) float64 {
		arriving, staying := rate(t-age), survival(age)
		if product := arriving * staying; fault == nil && !(arriving >= 0 && staying >= 0 && product <= math.MaxFloat64) {
			fault = cmp.Or(notNegative(fmt.Sprintf("arrival rate at %g s", t-age), arriving), notNegative(fmt.Sprintf("survival at %g s", age), staying),
				notNegative("product of arrival rate and survival", product))
		}
		return arriving * staying
	}, ages(survival, t))
	if !settled {
		fault = cmp.Or(fault, fmt.Errorf("the number in progress at %g s is still uncertain after %d values of the arrival rate, which varies too finely; give a smoother rate or an earlier time", t, mostEvaluations))
	}
	if err := cmp.Or(fault, notNegative("number in progress", load)); err != nil {
		return 0, err
	}
	return load, nil
}

const (
	evenPanels      = 32  // panels of the whole time, at least
	halvings        = 100 // ages at which survival has halved; older ages weigh less than 1e-30
	mostEvaluations = 4_000_000
)

// ages divides the ages from 0 to t into even panels, and one panel for each halving of survival. The latter resolve a
// service time much shorter than t.
func ages(survival func(float64) float64, t float64) []float64 {
	var edges []float64
	for i := range evenPanels + 1 {
		edges = append(edges, t*float64(i)/evenPanels)
	}
	young := 0.0
	for k := 1; k <= halvings; k++ {
		level := math.Ldexp(1, -k)
		if !(survival(t) < level) {
			break
		}
		old := t
		for middle := young + (old-young)/2; middle > young && middle < old; middle = young + (old-young)/2 {
			if survival(middle) < level {
				old = middle
			} else {
				young = middle
			}
		}
		edges = append(edges, old)
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}

// integrate halves panels until Clenshaw–Curtis agrees with itself to 1e-11 of the whole, and reports whether it got
// there. Note: Gauss–Legendre does not evaluate the ends of a panel, and so misses a jump close to one.
func integrate(f func(float64) float64, edges []float64) (float64, bool) {
	in := integral{f: f, evaluations: mostEvaluations}
	in.places, in.weights = clenshawCurtis(12)
	estimates := make([]float64, len(edges)-1)
	for i := range estimates {
		estimates[i] = in.panel(edges[i], edges[i+1])
		in.tolerance += 1e-11 * math.Abs(estimates[i])
	}
	var sum float64
	for i, estimate := range estimates {
		sum += in.refine(edges[i], edges[i+1], estimate, 44)
	}
	return sum, in.evaluations >= 0
}

// clenshawCurtis returns the n+1 places on 0 to 1, both included, and their weights; n is even. Source:
// C. W. Clenshaw, A. R. Curtis, "A method for numerical integration on an automatic computer", Numerische
// Mathematik 2, 1960.
func clenshawCurtis(n int) (places, weights []float64) {
	for k := range n + 1 {
		angle := float64(k) * math.Pi / float64(n)
		weight := 1.0
		for j := 1; j <= n/2; j++ {
			term := 2 * math.Cos(2*float64(j)*angle) / float64(4*j*j-1)
			if j == n/2 {
				term /= 2
			}
			weight -= term
		}
		if k == 0 || k == n {
			weight /= 2
		}
		places, weights = append(places, (1-math.Cos(angle))/2), append(weights, weight/float64(n))
	}
	return places, weights
}

type integral struct {
	f               func(float64) float64
	places, weights []float64 // on 0 to 1
	tolerance       float64
	evaluations     int // left
}

func (in *integral) panel(from, to float64) float64 {
	in.evaluations -= len(in.places)
	var sum float64
	for i, place := range in.places {
		sum += in.weights[i] * in.f(from+place*(to-from))
	}
	return sum * (to - from)
}

func (in *integral) refine(from, to, estimate float64, depth int) float64 {
	middle := from + (to-from)/2
	left, right := in.panel(from, middle), in.panel(middle, to)
	if depth == 0 || in.evaluations < 0 || math.Abs(left+right-estimate) <= in.tolerance {
		return left + right
	}
	return in.refine(from, middle, left, depth-1) + in.refine(middle, to, right, depth-1)
}
