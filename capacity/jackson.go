package capacity

import (
	"cmp"
	"errors"
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// OpenStation is one station of an open network.
type OpenStation struct {
	ArrivalRate float64   // per second from outside, Poisson; 0 if nobody enters
	ServiceRate float64   // of one server, per second, exponential
	Servers     int       // 0 means 1
	Next        []float64 // probability of going on to each station, in their order; the rest leave
}

// OpenNetwork is the steady state of an open network.
type OpenNetwork struct {
	Stations     []Station // of each station, in their order; W is per visit. For a station without arrivals all figures but P0 are 0
	Throughput   float64   // per second through the network
	L            float64   // requests in the network
	ResponseTime float64   // seconds from the entry to the exit
}

// OpenJackson returns the steady state of an open network of exponential stations with Poisson
// arrivals and random routes.
//
// Source: J. R. Jackson, "Networks of waiting lines", Operations Research 5(4), 1957: each station is
// an M/M/c with the rate of the traffic equations λⱼ = γⱼ + Σ λᵢ·pᵢⱼ.
//
// Where:
//   - γ is ArrivalRate and p Next
func OpenJackson(stations []OpenStation) (OpenNetwork, error) {
	if err := checkRoutes(stations); err != nil {
		return OpenNetwork{}, err
	}
	rates, err := traffic(stations)
	if err != nil {
		return OpenNetwork{}, err
	}
	var network OpenNetwork
	for i, station := range stations {
		network.Throughput += station.ArrivalRate
		steady := Station{P0: 1}
		if rates[i] > 0 {
			if steady, err = MMc(rates[i], station.ServiceRate, cmp.Or(station.Servers, 1)); err != nil {
				return OpenNetwork{}, fmt.Errorf("station %d: %w", i+1, err)
			}
		}
		network.L += steady.L
		network.Stations = append(network.Stations, steady)
	}
	network.ResponseTime, err = TimeInSystem(network.L, network.Throughput)
	return network, err
}

func checkRoutes(stations []OpenStation) error {
	if len(stations) == 0 {
		return errors.New("there is no station; give at least one")
	}
	for i, station := range stations {
		var sum float64
		err := cmp.Or(notNegative("arrival rate", station.ArrivalRate), positive("service rate", station.ServiceRate), count("servers", cmp.Or(station.Servers, 1)))
		if err == nil && len(station.Next) > len(stations) {
			err = fmt.Errorf("there are %d probabilities for %d stations; give one for each", len(station.Next), len(stations))
		}
		for _, p := range station.Next {
			err = cmp.Or(err, notNegative("probability to go on", p))
			sum += p
		}
		if err == nil && sum > 1+1e-9 {
			err = fmt.Errorf("the probabilities of going on add up to %g; they must not exceed 1", sum)
		}
		if err != nil {
			return fmt.Errorf("station %d: %w", i+1, err)
		}
	}
	return nil
}

// traffic solves (I − Pᵀ)λ = γ.
func traffic(stations []OpenStation) ([]float64, error) {
	n := len(stations)
	equations, entering := mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	for i, station := range stations {
		entering.SetVec(i, station.ArrivalRate)
		equations.Set(i, i, 1)
	}
	for i, station := range stations {
		for j, p := range station.Next {
			equations.Set(j, i, equations.At(j, i)-p)
		}
	}
	rates := make([]float64, n)
	solution := mat.NewVecDense(n, rates)
	err := solution.SolveVec(equations, entering)
	for i, rate := range rates {
		switch {
		case err != nil || !(rate >= -1e-12*mat.Sum(entering)): // more requests go on than arrive, which no positive rate balances
			return nil, errors.New("the network has no way out of some station; let some probability to leave remain")
		case rate < 0:
			rates[i] = 0
		}
	}
	return rates, nil
}
