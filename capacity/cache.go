package capacity

import (
	"cmp"
	"errors"
	"math"
)

// TTLHitRate returns the share of requests that a cache answers when an entry lives for a fixed time
// after it was fetched.
//
// Source: J. Jung, A. W. Berger, H. Balakrishnan, "Modeling TTL-based Internet caches", INFOCOM 2003,
// for Poisson requests: per key, h = λT/(1 + λT).
//
// Where:
//   - λ is the request rate of a key, per second; rates holds one for each key
//   - T is ttl, seconds
func TTLHitRate(rates []float64, ttl float64) (float64, error) {
	return hitRate(rates, ttl, func(expected float64) float64 { return expected / (1 + expected) })
}

// SlidingTTLHitRate returns the share of requests that a cache answers when every request starts the
// life of the entry anew.
//
// Source: H. Che, Y. Tung, Z. Wang, "Hierarchical Web caching systems", IEEE JSAC 20(7), 2002: per
// key, h = 1 − e^{−λT}; symbols as at [TTLHitRate].
func SlidingTTLHitRate(rates []float64, ttl float64) (float64, error) {
	return hitRate(rates, ttl, func(expected float64) float64 { return -math.Expm1(-expected) })
}

func hitRate(rates []float64, ttl float64, hit func(expected float64) float64) (float64, error) {
	if len(rates) == 0 {
		return 0, errors.New("there is no key; give the request rate of at least one")
	}
	var hits, requests float64
	for _, rate := range rates {
		expected := rate * ttl
		if err := cmp.Or(notNegative("request rate of a key", rate), notNegative("time to live", ttl), notNegative("number of requests within a life", expected)); err != nil {
			return 0, err
		}
		hits += rate * hit(expected)
		requests += rate
	}
	if err := positive("sum of all request rates", requests); err != nil {
		return 0, err
	}
	return inRange(hits / requests)
}
