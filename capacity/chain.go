package capacity

import (
	"fmt"
	"math"
)

// chain is a birth-death process on 0…last.
type chain struct {
	births func(n int) float64 // rate from n to n+1, the same unit as deaths
	deaths func(n int) float64 // rate from n to n−1, n ≥ 1; never falling with n
	last   int                 // a value below 0 means unbounded
	tail   int                 // first state of the tail, whose weight is computed precisely; unbounded chains only
}

// longestWalk is the most states to either side of the likeliest one.
const longestWalk = 20_000_000

var errCrowd = fmt.Errorf("more than %d states carry weight, which is too many to compute; give fewer places, a higher abandonment rate or fewer arrivals", longestWalk)

// negligible is the weight at which an unbounded chain is cut, relative to the likeliest state, or to the first state
// of the tail if that comes later.
const negligible = 1e-25

// smallestNormal is the smallest number of full precision. A weight below it would never reach 0 if
// it shrinks slowly, because the numbers below are too coarse.
const smallestNormal = 0x1p-1022

// walk calls visit with every state that carries weight and with its weight relative to the likeliest state, first
// downwards from there, then upwards. It returns the sum of the weights. All terms are positive and at most 1, so
// nothing cancels or overflows.
//
// Source: detailed balance, births(n)·p(n) = deaths(n+1)·p(n+1); Kleinrock, "Queueing Systems I",
// 1975, eq. 3.11.
func (c chain) walk(visit func(n int, weight float64)) (float64, error) {
	mode := c.mode()
	visit(mode, 1)
	sum := 1.0
	for n, weight := mode, 1.0; n > 0; n-- {
		weight *= c.deaths(n) / c.births(n-1)
		if weight < smallestNormal {
			break
		}
		if mode-n > longestWalk {
			return 0, errCrowd
		}
		visit(n-1, weight)
		sum += weight
	}
	least := 0.0
	for n, weight := mode, 1.0; c.last < 0 || n < c.last; n++ {
		weight *= c.births(n) / c.deaths(n+1)
		if c.last < 0 && n+1 >= c.tail && least == 0 {
			least = negligible * weight
		}
		if weight < smallestNormal || weight < least {
			break
		}
		if n-mode > longestWalk {
			return 0, errCrowd
		}
		visit(n+1, weight)
		sum += weight
	}
	return sum, nil
}

// mode returns the likeliest state: the last one whose probability is at least that of the state below. It is found by
// doubling and bisection, because deaths never fall.
func (c chain) mode() int {
	rises := func(n int) bool { // p(n) ≥ p(n−1)
		return (c.last < 0 || n <= c.last) && c.births(n-1) >= c.deaths(n)
	}
	high := 1
	for rises(high) && high < math.MaxInt/4 {
		high *= 2
	}
	low := high / 2
	for low+1 < high {
		middle := low + (high-low)/2
		if rises(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// emptyProbability returns p(0) of a bounded chain.
func emptyProbability(c chain) float64 {
	var empty float64
	sum, err := c.walk(func(n int, weight float64) {
		if n == 0 {
			empty = weight
		}
	})
	if err != nil {
		return math.NaN()
	}
	return empty / sum
}
