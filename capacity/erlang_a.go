package capacity

import "cmp"

// ErlangA returns the steady state of M/M/c where everyone who waits leaves after an exponential
// patience. It is stable at any load. W and Wq are averages over all arrivals, those who leave included.
//
// Source: C. Palm, "Research on telephone traffic carried by full availability groups", Tele 1,
// 1957; Mandelbaum, Zeltyn, "Service engineering in action: the Palm/Erlang-A queue", 2007, section 3:
// P(abandon) = θ·Lq/λ. State probabilities by detailed balance from the likeliest state outwards.
//
// Where:
//   - λ is arrivalRate and the service rate is of one server, per second
//   - θ is abandonRate, per second and person waiting: 1 over the mean patience, above 0
func ErlangA(arrivalRate, serviceRate float64, servers int, abandonRate float64) (Station, error) {
	if err := cmp.Or(ratesAndServers(arrivalRate, serviceRate, servers), positive("abandonment rate", abandonRate)); err != nil {
		return Station{}, err
	}
	held, err := chain{
		births: func(int) float64 { return arrivalRate },
		deaths: func(n int) float64 {
			return float64(min(n, servers))*serviceRate + float64(max(0, n-servers))*abandonRate
		},
		last: -1, tail: servers + 1,
	}.hold(servers)
	if err != nil {
		return Station{}, err
	}
	held.busy = min(held.busy, float64(servers)) // rounding may exceed it in deep overload
	inSystem := held.busy + held.queued
	return finite(Station{
		Utilization: held.busy / float64(servers), L: inSystem, Lq: held.queued,
		W: inSystem / arrivalRate, Wq: held.queued / arrivalRate, P0: held.empty, PWait: held.waiting,
		PAbandon: min(1, abandonRate*held.queued/arrivalRate), Throughput: held.busy * serviceRate,
	}, nil)
}
