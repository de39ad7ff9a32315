package capacity

import "cmp"

// MG1 returns the steady state of one server with Poisson arrivals and any service time.
//
// Source: F. Pollaczek 1930, A. Khinchine 1932; Kleinrock, "Queueing Systems I", 1975, eq. 5.63:
// Wq = ρ·E[S]·(1 + SCV)/(2(1 − ρ)).
//
// Where:
//   - arrivalRate is λ, per second; serviceMean is E[S], seconds; ρ = λE[S] is below 1
//   - scv is the squared coefficient of variation of the service time: variance over squared mean
func MG1(arrivalRate, serviceMean, scv float64) (Station, error) {
	class := Class{ArrivalRate: arrivalRate, ServiceMean: serviceMean, SCV: scv}
	if err := cmp.Or(class.check(), stableAlone(class.load())); err != nil {
		return Station{}, err
	}
	load := class.load()
	return finite(waited(class, class.residual()/(1-load), load), nil)
}

// waited computes all figures of a single server from the time waited.
func waited(class Class, wait, busy float64) Station {
	response := wait + class.ServiceMean
	return Station{
		Utilization: busy, L: class.ArrivalRate * response, Lq: class.ArrivalRate * wait,
		W: response, Wq: wait, P0: 1 - busy, PWait: busy, Throughput: class.ArrivalRate,
	}
}

// MG1SetUp returns the steady state of M/G/1 if an idle server needs a set-up before it serves the next
// request, such as a function with a cold start or a replica that boots.
//
// Source: P. D. Welch, "On a generalized M/G/1 queuing process in which the first customer of each busy
// period receives exceptional service", Operations Research 12(5), 1964; Takagi, "Queueing Analysis I", 1991,
// section 2.2: Wq = Wq(M/G/1) + (2E[D] + λE[D²])/(2(1 + λE[D])).
//
// Where:
//   - arrivalRate is λ per second, serviceMean seconds, scv of the service time as at [MG1]
//   - D is the set-up: setUpMean seconds, setUpSCV its squared coefficient of variation
//
// P0 is the probability that the server is off. PWait is 1, because an arrival that finds the server off
// waits too.
func MG1SetUp(arrivalRate, serviceMean, scv, setUpMean, setUpSCV float64) (Station, error) {
	station, err := MG1(arrivalRate, serviceMean, scv)
	if err = cmp.Or(err, notNegative("set-up time", setUpMean), notNegative("squared coefficient of variation of the set-up time", setUpSCV)); err != nil {
		return Station{}, err
	}
	setUps := arrivalRate * setUpMean
	second := setUpMean * setUpMean * (1 + setUpSCV)
	wait := station.Wq + (2*setUpMean+arrivalRate*second)/(2*(1+setUps))
	class := Class{ArrivalRate: arrivalRate, ServiceMean: serviceMean, SCV: scv}
	station = waited(class, wait, class.load())
	if setUpMean > 0 {
		station.P0 /= 1 + setUps
		station.PWait = 1
	}
	return finite(station, nil)
}

// MG1Pauses returns the steady state of M/G/1 if the server pauses while it works, as for garbage collection. Pauses are
// a Poisson process in busy time, and the work then resumes. PWait is the probability of finding the server working or
// paused, and Utilization counts pauses as busy.
//
// Source: B. Avi-Itzhak, P. Naor, "Some queuing problems with the service station subject to
// breakdown", Operations Research 11(3), 1963, model A; completion time
// E[C] = E[S](1 + νE[P]), Var[C] = (1 + νE[P])²Var[S] + νE[S]E[P²] in place of the service time.
//
// Where:
//   - arrivalRate is λ per second, serviceMean E[S] seconds, scv of the service time as at [MG1]
//   - ν is pauseRate, pauses per busy second
//   - P is the pause: pauseMean seconds, pauseSCV its squared coefficient of variation
func MG1Pauses(arrivalRate, serviceMean, scv, pauseRate, pauseMean, pauseSCV float64) (Station, error) {
	err := cmp.Or(Class{ArrivalRate: arrivalRate, ServiceMean: serviceMean, SCV: scv}.check(), notNegative("pause rate", pauseRate),
		notNegative("pause", pauseMean), notNegative("squared coefficient of variation of the pause", pauseSCV))
	if err != nil {
		return Station{}, err
	}
	stretch := 1 + pauseRate*pauseMean
	mean := serviceMean * stretch
	variance := mean*mean*scv + pauseRate*serviceMean*pauseMean*pauseMean*(1+pauseSCV)
	return MG1(arrivalRate, mean, variance/(mean*mean))
}
