package capacity

import "fmt"

// longestConvolution is the largest population for a convolution, whose work grows with its square.
const longestConvolution = 20_000

// convolve solves the network by its normalization constant. The vectors are scaled by a guess of the throughput, and
// to a largest term of 1. All terms are positive, so nothing cancels. If the term of all people nearly vanishes under
// a guess, the preceding terms give a better guess.
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
	return n.convolveFrom(guess)
}

// convolveFrom is convolve from a guess of the throughput, per second.
func (n ClosedNetwork) convolveFrom(guess float64) (ClosedSolution, error) {
	N := n.Population
	for range guesses {
		factors := n.factors(guess)
		before, kept := running(factors)
		all := before[len(factors)]
		if !kept { // the guess is far above the throughput
			guess *= 0.7
			continue
		}
		if last := lastKept(all); last < N { // the guess is far below; the throughput of fewer people is nearer
			guess *= all[last-1] / all[last]
			continue
		}
		if queues, ok := queuesOf(factors, before); ok {
			return n.solution(guess*all[N-1]/all[N], queues)
		}
		guess *= all[N-1] / all[N]
	}
	return ClosedSolution{}, fmt.Errorf("the exact solution for %d people leaves the range of floating-point numbers; ask for the approximate one", N)
}

// guesses is the most corrections of the scale. Each correction makes it hold for more people.
const guesses = 60

// smallestKept is the least scaled term that is precise: the loss below the range of numbers is less than 1e-200
// of it.
const smallestKept = 1e-100

// lastKept returns the largest number of people, at least 1, whose term is precise.
func lastKept(all []float64) int {
	for k := len(all) - 1; k > 1; k-- {
		if all[k] >= smallestKept {
			return k
		}
	}
	return 1
}

// factors returns the weights of the think time and of each center.
func (n ClosedNetwork) factors(guess float64) [][]float64 {
	factors := [][]float64{weights(n.Population, guess*n.Think, n.Population)}
	for _, center := range n.Centers {
		servers := center.servers()
		if center.Delay {
			servers = n.Population
		}
		factors = append(factors, weights(n.Population, guess*center.Demand, servers))
	}
	return factors
}

// queuesOf returns the mean numbers at the centers, and false if their terms vanish.
func queuesOf(factors, before [][]float64) ([]float64, bool) {
	after, kept := running(reversed(factors))
	queues := make([]float64, len(factors)-1)
	for i := range queues {
		others, whole := convolution(before[i+1], after[len(factors)-i-2])
		var sum, weighted float64
		for k, weight := range factors[i+1] {
			p := weight * others[len(others)-1-k]
			sum += p
			weighted += float64(k) * p
		}
		kept = kept && whole && sum >= smallestKept
		queues[i] = weighted / sum
	}
	return queues, kept
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

// running returns the convolutions of the first 0, 1, … factors, and reports whether all kept their terms.
func running(factors [][]float64) ([][]float64, bool) {
	one := make([]float64, len(factors[0]))
	one[0] = 1
	all, kept := [][]float64{one}, true
	for _, factor := range factors {
		product, whole := convolution(all[len(all)-1], factor)
		all, kept = append(all, product), kept && whole
	}
	return all, kept
}

// convolution returns the first terms of the product of two generating functions, the largest scaled
// to 1, and false if they vanish.
func convolution(f, g []float64) ([]float64, bool) {
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
	if !(largest >= smallestKept) {
		return product, false
	}
	for i := range product {
		product[i] /= largest
	}
	return product, true
}

func reversed(factors [][]float64) [][]float64 {
	all := make([][]float64, 0, len(factors))
	for i := len(factors) - 1; i >= 0; i-- {
		all = append(all, factors[i])
	}
	return all
}
