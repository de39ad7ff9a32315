package capacity

import (
	"cmp"
	"fmt"
	"math"
)

// FullJitterMeans returns the mean delay in seconds before each retry with exponential backoff and
// full jitter: each delay is uniform between 0 and min(limit, base·2ⁿ), n = 0, 1, …
//
// Source: M. Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015: half of the
// longest delay.
//
// Where:
//   - base is the longest first delay and limit the longest of all, seconds
//   - retries is the number of delays
func FullJitterMeans(base, limit float64, retries int) ([]float64, error) {
	if err := cmp.Or(positive("base delay", base), positive("longest delay", limit), notNegative("number of retries", float64(retries))); err != nil {
		return nil, err
	}
	if retries > maxRetries {
		return nil, tooManyRetries(retries)
	}
	means := make([]float64, retries)
	for n := range means {
		means[n] = min(limit, math.Ldexp(base, n)) / 2
	}
	return means, nil
}

const maxRetries = 1_000_000

func tooManyRetries(retries int) error {
	return fmt.Errorf("%d retries are too many; give at most %d", retries, maxRetries)
}

// RetryStorm holds how near retries are to turning a fault into an overload that sustains itself.
type RetryStorm struct {
	Attempts        float64 // attempts per second, retries included
	Amplification   float64 // attempts per request, 1 without retries
	Overload        bool    // attempts exceed the capacity
	CriticalFailure float64 // share of failing attempts above which attempts exceed the capacity; 1 if no share does, 0 if the requests alone do
	SafeRate        float64 // highest rate of requests per second at which no share of failures does
}

func (r RetryStorm) figures() []float64 {
	return []float64{r.Attempts, r.Amplification, r.CriticalFailure, r.SafeRate}
}

// Retries returns the load that retries add if every attempt fails with the same probability, and the thresholds of a
// retry storm. At or below SafeRate the service always recovers by itself after the fault. Above it, an overload that
// fails every attempt sustains itself.
//
// Source: geometric series of attempts; N. Bronson et al., "Metastable failures in distributed
// systems", HotOS 2021, section 2 for the thresholds: A = (1 − p^{r+1})/(1 − p), safe rate C/(1 + r).
//
// Where:
//   - arrivalRate is first attempts per second, C is capacity: attempts per second
//   - p is failure: the probability that an attempt fails, 0 to 1
//   - r is retries: most retries of one request
func Retries(arrivalRate, capacity, failure float64, retries int) (RetryStorm, error) {
	err := cmp.Or(positive("arrival rate", arrivalRate), positive("capacity", capacity), notNegative("number of retries", float64(retries)))
	if err != nil {
		return RetryStorm{}, err
	}
	if retries > maxRetries {
		return RetryStorm{}, tooManyRetries(retries)
	}
	if !(failure >= 0 && failure <= 1) {
		return RetryStorm{}, fmt.Errorf("the share of attempts that fail is %v; it must lie between 0 and 1", failure)
	}
	amplification := attempts(failure, retries)
	return finite(RetryStorm{
		Attempts:        arrivalRate * amplification,
		Amplification:   amplification,
		Overload:        arrivalRate*amplification > capacity,
		CriticalFailure: criticalFailure(capacity/arrivalRate, retries),
		SafeRate:        capacity / float64(1+retries),
	}, nil)
}

// attempts is 1 + p + … + pʳ.
func attempts(failure float64, retries int) float64 {
	switch {
	case retries == 0:
		return 1
	case failure == 1:
		return float64(1 + retries)
	}
	return -math.Expm1(float64(1+retries)*math.Log(failure)) / (1 - failure)
}

// criticalFailure solves attempts(p) = headroom for p by bisection; attempts rise with p.
func criticalFailure(headroom float64, retries int) float64 {
	if headroom < 1 {
		return 0
	}
	if attempts(1, retries) <= headroom {
		return 1
	}
	low, high := 0.0, 1.0
	for range 100 {
		if middle := (low + high) / 2; attempts(middle, retries) > headroom {
			high = middle
		} else {
			low = middle
		}
	}
	return low
}
