package capacity

import (
	"cmp"
	"errors"
)

// Class is one kind of request at a single server.
type Class struct {
	ArrivalRate float64 // per second, Poisson
	ServiceMean float64 // seconds
	SCV         float64 // squared coefficient of variation of the service time: 0 constant, 1 exponential
}

func (c Class) check() error {
	return cmp.Or(positive("arrival rate", c.ArrivalRate), positive("mean service time", c.ServiceMean),
		notNegative("squared coefficient of variation", c.SCV))
}

func (c Class) load() float64 { return c.ArrivalRate * c.ServiceMean }

// residual is λE[S²]/2: the work in seconds that an arrival finds in service, on average.
func (c Class) residual() float64 { return c.load() * c.ServiceMean * (1 + c.SCV) / 2 }

// NonPreemptive returns the steady state of each class at one server that finishes the request in service and then takes
// the most important one waiting. The first class is the most important.
//
// Source: A. Cobham, "Priority assignment in waiting line problems", Operations Research 2(1), 1954,
// Wq(k) = R/((1 − σ(k−1))(1 − σ(k))).
//
// Where:
//   - R = Σ λᵢE[Sᵢ²]/2 over all classes, seconds
//   - σ(k) = Σ λᵢE[Sᵢ] over the classes up to k, below 1 for the last
//
// Utilization and P0 are of the server, shared by all classes; so is PWait.
func NonPreemptive(classes []Class) ([]Station, error) {
	load, residual, err := together(classes)
	if err != nil {
		return nil, err
	}
	stations := make([]Station, len(classes))
	var above float64
	for k, class := range classes {
		upTo := above + class.load()
		stations[k], err = finite(waited(class, residual/((1-above)*(1-upTo)), load), nil)
		if err != nil {
			return nil, err
		}
		above = upTo
	}
	return stations, nil
}

// PreemptiveResume returns the steady state of each class at one server that interrupts a request for a more important
// one and resumes it later. The first class is the most important. Wq is the time in the system without the service
// itself, so it includes interruptions.
//
// Source: H. White, L. S. Christie, "Queuing with preemptive priorities or with breakdown",
// Operations Research 6(1), 1958; Kleinrock, "Queueing Systems II", 1976, chapter 3:
// W(k) = E[S(k)]/(1 − σ(k−1)) + R(k)/((1 − σ(k−1))(1 − σ(k))).
//
// Where:
//   - R(k) = Σ λᵢE[Sᵢ²]/2 over the classes up to k, seconds
//   - σ(k) = Σ λᵢE[Sᵢ] over the classes up to k, below 1 for the last
//
// Utilization and P0 are of the server and the classes up to k, as class k sees it. PWait is the
// probability of not being served at once.
func PreemptiveResume(classes []Class) ([]Station, error) {
	if _, _, err := together(classes); err != nil {
		return nil, err
	}
	stations := make([]Station, len(classes))
	var above, residual float64
	for k, class := range classes {
		upTo := above + class.load()
		residual += class.residual()
		response := class.ServiceMean/(1-above) + residual/((1-above)*(1-upTo))
		station, err := finite(waited(class, response-class.ServiceMean, upTo), nil)
		if err != nil {
			return nil, err
		}
		stations[k], above = station, upTo
	}
	return stations, nil
}

// together checks all classes and returns the sums of their loads and residual work.
func together(classes []Class) (load, residual float64, err error) {
	if len(classes) == 0 {
		return 0, 0, errors.New("there is no class; give at least one")
	}
	for _, class := range classes {
		if err := class.check(); err != nil {
			return 0, 0, err
		}
		load += class.load()
		residual += class.residual()
	}
	return load, residual, stableAlone(load)
}
