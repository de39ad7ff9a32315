package workload

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// ConstantTime returns the distribution that is always d.
func ConstantTime(d time.Duration) Distribution {
	return Distribution{a: d.Seconds(), aside: &aside{text: d.String()}}
}

// ExponentialTime returns the exponential distribution with the given mean.
func ExponentialTime(mean time.Duration) Distribution {
	return Distribution{family: exponentialFamily, a: mean.Seconds(), aside: &aside{text: "exponential(" + mean.String() + ")"}}
}

// LognormalTime returns the lognormal distribution with the given median and 95th percentile. It returns an
// error unless 0 < median ≤ p95.
func LognormalTime(median, p95 time.Duration) (Distribution, error) {
	if median <= 0 || p95 < median {
		return Distribution{}, fmt.Errorf("a lognormal distribution needs 0 < median ≤ p95, but they are %v and %v", median, p95)
	}
	d := Distribution{family: lognormalFamily, aside: &aside{text: fmt.Sprintf("lognormal(median=%v, p95=%v)", median, p95)}}
	d.a, d.b = lognormalParameters(median.Seconds(), p95.Seconds(), 0.95)
	return d, nil
}

// LognormalTimeWithSCV returns the lognormal distribution with a mean in seconds and a squared coefficient of
// variation. Its median and 95th percentile are rounded to nanoseconds.
//
// Johnson, Kotz, "Continuous Univariate Distributions", vol. 1, 1970, chapter 14: σ² = ln(1 + scv),
// median = mean/√(1 + scv), p95 = median·exp(z·σ). Where z = 1.645 is the 95 % quantile of the normal
// distribution.
func LognormalTimeWithSCV(mean, scv float64) (Distribution, error) {
	const z95 = 1.6448536269514722
	median := mean / math.Sqrt(1+scv)
	return LognormalTime(nanoseconds(median), nanoseconds(median*math.Exp(z95*math.Sqrt(math.Log1p(scv)))))
}

// GammaTime returns the gamma distribution with the given mean and squared coefficient of variation, both
// above 0.
func GammaTime(mean time.Duration, scv float64) (Distribution, error) {
	if mean <= 0 || !(scv > 0) || math.IsInf(scv, 0) {
		return Distribution{}, fmt.Errorf("a gamma distribution needs a mean and a squared coefficient of variation above 0, but they are %v and %v", mean, scv)
	}
	d := Distribution{family: gammaFamily, aside: &aside{text: fmt.Sprintf("gamma(mean=%v, scv=%v)", mean, scv)}}
	d.a, d.b = gammaParameters(mean.Seconds(), scv)
	return d, nil
}

// EmpiricalTime returns the distribution whose draws are the given durations, each equally likely.
func EmpiricalTime(points ...time.Duration) (Distribution, error) {
	if len(points) == 0 || slices.Min(points) < 0 {
		return Distribution{}, errors.New("an empirical distribution needs at least one duration, and none below 0")
	}
	stands := &aside{}
	texts := make([]string, len(points))
	for i, point := range points {
		texts[i] = point.String()
		stands.points = append(stands.points, point.Seconds())
	}
	slices.Sort(stands.points)
	stands.text = "empirical(" + strings.Join(texts, ", ") + ")"
	return Distribution{family: empiricalFamily, aside: stands}, nil
}

// lognormalParameters solves median = exp(mu) and high = exp(mu + sigma·z(q)) for mu and sigma. High is the
// quantile q.
func lognormalParameters(median, high, q float64) (mu, sigma float64) {
	return math.Log(median), math.Log(high/median) / (math.Sqrt2 * math.Erfinv(2*q-1))
}

// gammaParameters returns the shape, and the scale in seconds.
func gammaParameters(mean, scv float64) (shape, scale float64) { return 1 / scv, mean * scv }

func nanoseconds(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}
