package capacity

import "cmp"

// GGc returns the approximate steady state of c servers with any times between arrivals and any service
// times. It is exact for M/M/c and M/G/1. It is usually within 10 % if both squared coefficients are at most
// 1 and the utilization is above 0.5. P0 and PWait are those of M/M/c.
//
// Source: A. O. Allen, "Probability, Statistics, and Queueing Theory", 2nd ed., 1990, chapter 5 (the
// Allen–Cunneen approximation): Wq ≈ Wq(M/M/c)·(Ca² + Cs²)/2.
//
// Where:
//   - arrivalRate is per second, serviceMean seconds; arrivalRate × serviceMean is below c
//   - Ca² is arrivalSCV, Cs² is scv: squared coefficients of variation of the times between arrivals
//     and of the service time; 1 for exponential ones
func GGc(arrivalRate, arrivalSCV, serviceMean, scv float64, servers int) (Station, error) {
	err := cmp.Or(Class{ArrivalRate: arrivalRate, ServiceMean: serviceMean, SCV: scv}.check(),
		notNegative("squared coefficient of variation of the arrivals", arrivalSCV))
	if err != nil {
		return Station{}, err
	}
	station, err := MMc(arrivalRate, 1/serviceMean, servers)
	if err != nil {
		return Station{}, err
	}
	station.Wq *= (arrivalSCV + scv) / 2
	station.W = station.Wq + serviceMean
	station.Lq, station.L = arrivalRate*station.Wq, arrivalRate*station.W
	return finite(station, nil)
}

// MGc returns the approximate steady state of c servers with Poisson arrivals and any service time;
// see [GGc]. For one server [MG1] is exact.
func MGc(arrivalRate, serviceMean, scv float64, servers int) (Station, error) {
	return GGc(arrivalRate, 1, serviceMean, scv, servers)
}
