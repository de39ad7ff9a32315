package capacity

import "fmt"

// longestConvolution bounds the work of a convolution, which grows with the square of the population.
const longestConvolution = 20_000

// convolve solves the network by its normalization constant. The vectors are scaled by a guess of
// the throughput and to a largest term of 1; all terms are positive, so that nothing cancels.
//
// Source: J. P. Buzen, "Computational algorithms for closed queueing networks with exponential
// servers", Communications of the ACM 16(9), 1973: X(N) = G(N−1)/G(N) and, for a center,
// P(n there) = F(n)·G′(N−n)/G(N).
//
// Where:
//   - F(n) = Π D/min(j, c) over j = 1…n, or Dⁿ/n! for a delay; c is Servers, D Demand
//   - G is the convolution of all F and of the think time, G′ of all but the center
func (n ClosedNetwork) convolve() (ClosedSolution, error) {
	if n.Population > longestConvolution {
		return ClosedSolution{}, fmt.Errorf("the population is %d; with several servers the exact solution is computed up to %d people, so ask for the approximate one",
			n.Population, longestConvolution)
	}
	guess, _ := n.approximate()
	factors := [][]float64{weights(n.Population, guess*n.Think, n.Population)}
	for _, center := range n.Centers {
		servers := center.servers()
		if center.Delay {
			servers = n.Population
		}
		factors = append(factors, weights(n.Population, guess*center.Demand, servers))
	}
	before := running(factors)
	after := running(reversed(factors))
	all := before[len(factors)]
	N := n.Population
	queues := make([]float64, len(n.Centers))
	for i := range queues {
		others := convolution(before[i+1], after[len(factors)-i-2])
		var sum, weighted float64
		for k, weight := range factors[i+1] {
			p := weight * others[N-k]
			sum += p
			weighted += float64(k) * p
		}
		queues[i] = weighted / sum
	}
	return n.solution(guess*all[N-1]/all[N], queues)
}

// weights returns F(0…n) for a load and a number of servers, the largest scaled to 1.
func weights(n int, load float64, servers int) []float64 {
	all := make([]float64, n+1)
	if load == 0 {
		all[0] = 1
		return all
	}
	walk := chain{
		births: func(int) float64 { return load },
		deaths: func(k int) float64 { return float64(min(k, servers)) },
		last:   n,
	}
	if _, err := walk.walk(func(k int, weight float64) { all[k] = weight }); err != nil {
		return make([]float64, n+1) // unreachable: n is bounded
	}
	return all
}

// running returns the convolutions of the first 0, 1, … factors.
func running(factors [][]float64) [][]float64 {
	one := make([]float64, len(factors[0]))
	one[0] = 1
	all := [][]float64{one}
	for _, factor := range factors {
		all = append(all, convolution(all[len(all)-1], factor))
	}
	return all
}

// convolution returns the first terms of the product of two generating functions, the largest scaled
// to 1.
func convolution(f, g []float64) []float64 {
	product := make([]float64, len(f))
	for i, x := range f {
		if x == 0 {
			continue
		}
		for j, y := range g[:len(g)-i] {
			product[i+j] += x * y
		}
	}
	var largest float64
	for _, x := range product {
		largest = max(largest, x)
	}
	for i := range product {
		product[i] /= largest
	}
	return product
}

func reversed(factors [][]float64) [][]float64 {
	all := make([][]float64, 0, len(factors))
	for i := len(factors) - 1; i >= 0; i-- {
		all = append(all, factors[i])
	}
	return all
}
