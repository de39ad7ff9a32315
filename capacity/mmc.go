package capacity

import (
	"cmp"
	"math"
)

// MM1 returns the steady state of one exponential server with Poisson arrivals.
//
// Source: Kleinrock, "Queueing Systems I", 1975, eq. 3.23–3.26: L = ρ/(1 − ρ), W = 1/(μ − λ).
//
// Where:
//   - λ is arrivalRate and μ serviceRate, per second
//   - ρ = λ/μ is the utilization, below 1
func MM1(arrivalRate, serviceRate float64) (Station, error) {
	if err := cmp.Or(ratesAndServers(arrivalRate, serviceRate, 1), stableAlone(arrivalRate/serviceRate)); err != nil {
		return Station{}, err
	}
	utilization := arrivalRate / serviceRate
	spare := serviceRate - arrivalRate
	return finite(Station{
		Utilization: utilization, L: arrivalRate / spare, Lq: utilization * arrivalRate / spare,
		W: 1 / spare, Wq: utilization / spare, P0: spare / serviceRate, PWait: utilization, Throughput: arrivalRate,
	}, nil)
}

// MM1ResponseQuantile returns the time in seconds within which the share p of people leave M/M/1.
//
// Source: Kleinrock, "Queueing Systems I", 1975, chapter 5: P(T > t) = e^{−(μ−λ)t}.
//
// Where:
//   - λ is arrivalRate and μ serviceRate, per second, λ < μ
//   - p is the share, between 0 and 1
func MM1ResponseQuantile(arrivalRate, serviceRate, p float64) (float64, error) {
	station, err := MM1(arrivalRate, serviceRate)
	if err = cmp.Or(err, share("quantile", p)); err != nil {
		return 0, err
	}
	return inRange(-math.Log1p(-p) * station.W)
}

// MMc returns the steady state of c exponential servers with one queue and Poisson arrivals.
//
// Source: Kleinrock, "Queueing Systems I", 1975, section 3.5: Wq = C/(cμ − λ).
//
// Where:
//   - C is the probability of waiting, see [ErlangC]
//   - λ is arrivalRate and μ serviceRate of one server, per second; λ/(cμ) is below 1
func MMc(arrivalRate, serviceRate float64, servers int) (Station, error) {
	load := arrivalRate / serviceRate
	if err := cmp.Or(ratesAndServers(arrivalRate, serviceRate, servers), stable(load, servers)); err != nil {
		return Station{}, err
	}
	blocked, c, spare := erlangB(servers, load), float64(servers), spareRate(arrivalRate, serviceRate, servers)
	wait := waitOf(blocked, load/c, spare/serviceRate/c)
	queueing, queued := wait/spare, wait*arrivalRate/spare
	return finite(Station{
		Utilization: load / c, L: queued + load, Lq: queued, W: queueing + 1/serviceRate, Wq: queueing,
		P0: emptyMMc(servers, load, blocked*arrivalRate/spare), PWait: wait, Throughput: arrivalRate,
	}, nil)
}

// spareRate returns cμ − λ, rounded once: λ/μ first would lose digits near saturation.
func spareRate(arrivalRate, serviceRate float64, servers int) float64 {
	return math.FMA(float64(servers), serviceRate, -arrivalRate)
}

// emptyMMc returns p(0) of M/M/c. The states up to c are those of the loss system, and the states above add
// p(c)·ρ/(1 − ρ), above times the states up to c.
func emptyMMc(servers int, load, above float64) float64 {
	idle := emptyProbability(chain{
		births: func(int) float64 { return load },
		deaths: func(n int) float64 { return float64(n) },
		last:   servers,
	})
	return idle / (1 + above)
}

// MMcWaitTail returns the probability of waiting longer than t seconds in M/M/c, first come first
// served.
//
// Source: Cooper, "Introduction to Queueing Theory", 2nd ed., 1981, chapter 3:
// P(Wq > t) = C·e^{−(cμ−λ)t}; symbols as at [MMc].
func MMcWaitTail(arrivalRate, serviceRate float64, servers int, t float64) (float64, error) {
	station, err := MMc(arrivalRate, serviceRate, servers)
	if err = cmp.Or(err, notNegative("time", t)); err != nil {
		return 0, err
	}
	return inRange(station.PWait * math.Exp(-spareRate(arrivalRate, serviceRate, servers)*t))
}

// MMcWaitQuantile returns the time in seconds within which the share p of people are served first in M/M/c.
// It is 0 if at least that share does not wait at all. See [MMcWaitTail].
func MMcWaitQuantile(arrivalRate, serviceRate float64, servers int, p float64) (float64, error) {
	station, err := MMc(arrivalRate, serviceRate, servers)
	if err = cmp.Or(err, share("quantile", p)); err != nil {
		return 0, err
	}
	if station.PWait <= 1-p {
		return 0, nil
	}
	return inRange(math.Log(station.PWait/(1-p)) / spareRate(arrivalRate, serviceRate, servers))
}

// MMcK returns the steady state of c exponential servers that admit at most K requests in all. It
// is stable at any load.
//
// Source: Gross, Shortle, Thompson, Harris, "Fundamentals of Queueing Theory", 4th ed., 2008,
// section 2.5; p(n) by detailed balance. PWait, W and Wq are over those admitted (the book's q(n)).
//
// Where:
//   - arrivalRate and serviceRate (of one server) are per second
//   - K is capacity: most requests in the whole system, those in service included, at least c
func MMcK(arrivalRate, serviceRate float64, servers, capacity int) (Station, error) {
	if err := cmp.Or(ratesAndServers(arrivalRate, serviceRate, servers), count("places", capacity), enough(capacity, servers)); err != nil {
		return Station{}, err
	}
	load := arrivalRate / serviceRate
	held, err := chain{
		births: func(int) float64 { return load },
		deaths: func(n int) float64 { return float64(min(n, servers)) },
		last:   capacity,
	}.hold(servers)
	if err != nil {
		return Station{}, err
	}
	// held.full is p(K): the share of arrivals that find every place taken.
	served := held.busy * serviceRate
	return finite(Station{
		Utilization: held.busy / float64(servers), L: held.busy + held.queued, Lq: held.queued,
		W: (held.busy + held.queued) / served, Wq: held.queued / served,
		P0: held.empty, PWait: ratio(held.waiting, held.waiting+held.straight), PBlock: held.full, Throughput: served,
	}, nil)
}
