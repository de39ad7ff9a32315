package capacity

import "cmp"

// ErlangB returns the probability that all servers of a loss system are busy, so that an arrival
// is lost. It holds for Poisson arrivals and any distribution of the service time (insensitivity). A
// probability below 1e-308 is returned as 0.
//
// Source: A. K. Erlang, 1917; recursion B(n) = aB(n−1)/(n + aB(n−1)), B(0) = 1, Cooper,
// "Introduction to Queueing Theory", 2nd ed., 1981, chapter 3. All terms are positive, so that it is
// stable for any number of servers.
//
// Where:
//   - a is offeredLoad, Erlang: arrival rate × mean service time
func ErlangB(servers int, offeredLoad float64) (float64, error) {
	if err := cmp.Or(count("servers", servers), notNegative("offered load", offeredLoad)); err != nil {
		return 0, err
	}
	return erlangB(servers, offeredLoad), nil
}

func erlangB(servers int, load float64) float64 {
	blocked := 1.0
	for n := 1; n <= servers; n++ {
		blocked = nextErlangB(blocked, n, load)
		if blocked < smallestNormal {
			return 0
		}
	}
	return blocked
}

// nextErlangB takes one step of the recursion. It divides by the larger term, so that a huge load does not overflow.
func nextErlangB(blocked float64, servers int, load float64) float64 {
	return blocked / (float64(servers)/load + blocked)
}

// ErlangC returns the probability that an arrival at M/M/c has to wait.
//
// Source: A. K. Erlang, 1917; C = B/(1 − ρ(1 − B)), Cooper, "Introduction to Queueing Theory", 2nd
// ed., 1981, chapter 3.
//
// Where:
//   - B is the blocking probability of [ErlangB]
//   - ρ = a/c is the utilization, below 1; a is offeredLoad in Erlang, c the number of servers
func ErlangC(servers int, offeredLoad float64) (float64, error) {
	err := cmp.Or(count("servers", servers), notNegative("offered load", offeredLoad))
	if err = cmp.Or(err, stable(offeredLoad, servers)); err != nil {
		return 0, err
	}
	return erlangC(erlangB(servers, offeredLoad), servers, offeredLoad), nil
}

func erlangC(blocked float64, servers int, load float64) float64 {
	c := float64(servers)
	return waitOf(blocked, load/c, (c-load)/c)
}

// waitOf is C where 1 − ρ is known: 1 − ρ(1 − B) as (1 − ρ) + ρB loses no digits near saturation.
func waitOf(blocked, utilization, spareShare float64) float64 {
	return min(1, blocked/(spareShare+utilization*blocked))
}

// LossSystem returns the steady state of the Erlang B system M/G/c/c. The rates are per second. W is the service time,
// because nobody waits. Source: see [ErlangB].
func LossSystem(arrivalRate, serviceRate float64, servers int) (Station, error) {
	return MMcK(arrivalRate, serviceRate, servers, servers)
}
