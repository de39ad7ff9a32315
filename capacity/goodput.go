package capacity

import (
	"cmp"

	"gonum.org/v1/gonum/mathext"
)

// Served divides what a server completes into requests that clients still wait for and requests of clients
// that have left.
type Served struct {
	Goodput float64 // completed in time, per second
	Wasted  float64 // completed for clients that had left, per second
	Blocked float64 // turned away at the door, per second
}

func (s Served) figures() []float64 { return []float64{s.Goodput, s.Wasted, s.Blocked} }

// ImpatientGoodput returns the goodput of M/M/1/K, first come first served, if clients leave after a timeout
// and the server still serves their requests. Above capacity with a long queue, all work is wasted.
//
// Source: a request that finds n others has a response time Erlang(n+1, μ), so goodput = λ·Σ p(n)·P(n+1, μT),
// n < K; Gross et al., "Fundamentals of Queueing Theory", 4th ed., 2008, section 2.4 for the distribution and
// section 2.5 for p(n).
//
// Where:
//   - λ is arrivalRate and μ serviceRate, per second
//   - K is capacity: most requests in the whole system, the one in service included
//   - T is timeout, seconds
//   - P is the regularized lower incomplete gamma function
func ImpatientGoodput(arrivalRate, serviceRate float64, capacity int, timeout float64) (Served, error) {
	if err := cmp.Or(ratesAndServers(arrivalRate, serviceRate, 1), count("places", capacity), positive("timeout", timeout)); err != nil {
		return Served{}, err
	}
	var inTime, late, full float64
	sum, err := chain{
		births: func(int) float64 { return arrivalRate },
		deaths: func(int) float64 { return serviceRate },
		last:   capacity,
	}.walk(func(n int, weight float64) {
		if n == capacity {
			full = weight
			return
		}
		inTime += weight * mathext.GammaIncReg(float64(n+1), serviceRate*timeout)
		late += weight * mathext.GammaIncRegComp(float64(n+1), serviceRate*timeout)
	})
	if err != nil {
		return Served{}, err
	}
	return finite(Served{Goodput: arrivalRate * inTime / sum, Wasted: arrivalRate * late / sum, Blocked: arrivalRate * full / sum}, nil)
}
