package capacity

import "math"

// Exact returns the exact steady state. Centers with several servers are solved by the normalization constant, because
// the recursion over mean values loses all digits to cancellation near saturation.
//
// Source: M. Reiser, S. S. Lavenberg, "Mean-value analysis of closed multichain queuing networks",
// Journal of the ACM 27(2), 1980; Lazowska et al., "Quantitative System Performance", 1984, algorithm
// 6.2: R(n) = D(1 + Q(n−1)), X(n) = n/(Z + ΣR(n)), Q(n) = X(n)R(n). For several servers: see
// ClosedNetwork.convolve.
//
// Where:
//   - D is Demand and Z Think, seconds; R the time at a center, seconds; Q the number there
//   - X is the throughput, per second
func (n ClosedNetwork) Exact() (ClosedSolution, error) {
	if err := n.check(); err != nil {
		return ClosedSolution{}, err
	}
	if !n.simple() {
		return n.convolve()
	}
	queues := make([]float64, len(n.Centers))
	var throughput float64
	for people := 1; people <= n.Population; people++ {
		throughput = n.step(float64(people), queues)
	}
	return n.solution(throughput, queues)
}

// step adds one person: it sets the mean numbers from those that an arrival sees, which are the mean numbers before. It
// returns the throughput.
func (n ClosedNetwork) step(people float64, queues []float64) float64 {
	cycle := n.Think
	for i, center := range n.Centers {
		queues[i] = center.residence(queues[i])
		cycle += queues[i]
	}
	throughput := people / cycle
	for i := range queues {
		queues[i] *= throughput
	}
	return throughput
}

// residence returns the time at a center with one server, or with a delay, of an arrival that finds the given
// number there.
func (c Center) residence(found float64) float64 {
	if c.Delay {
		return c.Demand
	}
	return c.Demand * (1 + found)
}

// Schweitzer returns the approximate steady state, at a cost that does not grow with the population.
// Compared with [ClosedNetwork.Exact], throughput was never high. At one center it was low by up to 7 % with one server.
// With several (Seidmann's transformation) it was low by up to 25 % with as many people as servers and no think time,
// and by up to 13 % with at least twice as many people as servers. The error vanishes for few or very many people.
//
// Source: P. J. Schweitzer, "Approximate analysis of multiclass closed networks of queues", 1979;
// Lazowska et al., "Quantitative System Performance", 1984, algorithm 6.3: an arrival sees
// Q·(N−1)/N. Symbols as at [ClosedNetwork.Exact]; N is the population.
func (n ClosedNetwork) Schweitzer() (ClosedSolution, error) {
	if err := n.check(); err != nil {
		return ClosedSolution{}, err
	}
	throughput, queues := n.approximate()
	return n.solution(throughput, queues)
}

// approximate solves Schweitzer's fixed point by bisection of the throughput: for a given X the
// number at a center follows alone, and the number of all people rises with X. Note: the usual
// iteration from equal queues takes thousands of rounds near saturation.
func (n ClosedNetwork) approximate() (float64, []float64) {
	people := float64(n.Population)
	seen := (people - 1) / people
	queues := make([]float64, len(n.Centers))
	crowd := func(throughput float64) float64 {
		sum := throughput * n.Think
		for i, center := range n.Centers {
			queues[i] = center.numberAt(throughput, seen)
			sum += queues[i]
		}
		return sum
	}
	low, high := 0.0, people/(n.Think+n.demand())
	for range 2000 {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			break
		}
		if crowd(middle) > people {
			high = middle
		} else {
			low = middle
		}
	}
	crowd(low)
	return low, queues
}

// numberAt solves Q = X·R(seen·Q). It returns +Inf if X exceeds the capacity of the center. Several servers are treated
// as one server that is as much faster, with a queue, and a delay for the rest of the time:
// A. Seidmann, P. Schweitzer, S. Shalev-Oren, "Computerized closed queueing network models of flexible
// manufacturing systems", Large Scale Systems 12, 1987.
func (c Center) numberAt(throughput, seen float64) float64 {
	if c.Delay {
		return throughput * c.Demand
	}
	servers := float64(c.servers())
	delayed, fast := throughput*c.Demand*(servers-1)/servers, throughput*c.Demand/servers
	if fast*seen >= 1 {
		return math.Inf(1)
	}
	return delayed + fast/(1-fast*seen)
}

func (n ClosedNetwork) demand() float64 {
	var sum float64
	for _, center := range n.Centers {
		sum += center.Demand
	}
	return sum
}
