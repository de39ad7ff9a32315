package capacity

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Servers returns the fewest servers with which the probability of waiting in M/M/c is at most the target.
//
// Source: [ErlangC], evaluated with one more server at a time.
//
// Where:
//   - offeredLoad is arrival rate × mean service time, Erlang
//   - maxWaitProbability is the target, between 0 and 1
func Servers(offeredLoad, maxWaitProbability float64) (int, error) {
	if err := cmp.Or(positive("offered load", offeredLoad), share("largest probability to wait", maxWaitProbability), staffable(offeredLoad)); err != nil {
		return 0, err
	}
	blocked := 1.0
	for c := 1; ; c++ {
		blocked = nextErlangB(blocked, c, offeredLoad)
		if float64(c) > offeredLoad && erlangC(blocked, c, offeredLoad) <= maxWaitProbability {
			return c, nil
		}
	}
}

func staffable(offeredLoad float64) error {
	if offeredLoad <= most {
		return nil
	}
	return fmt.Errorf("the offered load is %g; at most %d can be computed, so use the square-root rule", offeredLoad, most)
}

// SquareRootServers returns the number of servers by the square-root rule, not rounded: a + β√a. It is an approximation
// for large a; [Servers] is exact.
//
// Source: S. Halfin, W. Whitt, "Heavy-traffic limits for queues with many exponential servers",
// Operations Research 29(3), 1981, proposition 1: P(wait) → 1/(1 + βΦ(β)/φ(β)).
//
// Where:
//   - a is offeredLoad, Erlang
//   - β is the quality of service for which that limit is maxWaitProbability; Φ and φ are the normal
//     distribution and its density
func SquareRootServers(offeredLoad, maxWaitProbability float64) (float64, error) {
	if err := cmp.Or(positive("offered load", offeredLoad), share("largest probability to wait", maxWaitProbability)); err != nil {
		return 0, err
	}
	low, high := 0.0, 40.0
	for range 100 {
		if middle := (low + high) / 2; halfinWhitt(middle) > maxWaitProbability {
			low = middle
		} else {
			high = middle
		}
	}
	return inRange(offeredLoad + high*math.Sqrt(offeredLoad))
}

func halfinWhitt(beta float64) float64 {
	density := distuv.UnitNormal.Prob(beta)
	return density / (density + beta*distuv.UnitNormal.CDF(beta))
}

// ServersForWait returns the fewest servers with which at most the share late of people wait longer
// than t seconds in M/M/c, first come first served. Source: see [MMcWaitTail].
func ServersForWait(arrivalRate, serviceRate, t, late float64) (int, error) {
	load := arrivalRate / serviceRate
	if err := cmp.Or(ratesAndServers(arrivalRate, serviceRate, 1), notNegative("time", t), share("share that may wait longer", late), staffable(load)); err != nil {
		return 0, err
	}
	blocked := 1.0
	for c := 1; ; c++ {
		blocked = nextErlangB(blocked, c, load)
		if spare := float64(c) - load; spare > 0 && erlangC(blocked, c, load)*math.Exp(-spare*serviceRate*t) <= late {
			return c, nil
		}
	}
}
