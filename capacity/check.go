package capacity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// positive returns an error unless a figure is finite and above 0.
func positive(name string, value float64) error {
	if value > 0 && !math.IsInf(value, 1) {
		return nil
	}
	return fmt.Errorf("the %s is %v; it must be a finite number above 0", name, value)
}

// notNegative returns an error unless a figure is finite and 0 or more.
func notNegative(name string, value float64) error {
	if value >= 0 && !math.IsInf(value, 1) {
		return nil
	}
	return fmt.Errorf("the %s is %v; it must be a finite number, 0 or more", name, value)
}

// share returns an error unless a figure lies strictly between 0 and 1.
func share(name string, value float64) error {
	if value > 0 && value < 1 {
		return nil
	}
	return fmt.Errorf("the %s is %v; it must lie between 0 and 1, both excluded", name, value)
}

// most is the largest count that formulas take whose time grows with it.
const most = 100_000_000

func count(name string, value int) error {
	switch {
	case value < 1:
		return fmt.Errorf("the number of %s is %d; at least 1 is needed", name, value)
	case value > most:
		return fmt.Errorf("the number of %s is %d; at most %d can be computed", name, value, most)
	}
	return nil
}

// stable returns an error if a queue grows without end and so has no steady state. Servers is the capacity in the unit
// of load: with an offered load in Erlang, the number of servers.
func stable(load float64, servers int) error {
	if load < float64(servers) {
		return nil
	}
	enough := math.Floor(load) + 1
	if !(enough <= most) {
		return endless(load/float64(servers), "faster servers")
	}
	return endless(load/float64(servers), fmt.Sprintf("at least %.0f servers, faster ones", enough))
}

// stableAlone is stable for a station that always has one server.
func stableAlone(utilization float64) error {
	if utilization < 1 {
		return nil
	}
	return endless(utilization, "a faster server")
}

func endless(utilization float64, remedy string) error {
	return fmt.Errorf("the utilization is %.6g, so the queue grows without end; it must be below 1: give %s, or fewer arrivals", utilization, remedy)
}

// ratesAndServers checks the parameters that every station of exponential servers has.
func ratesAndServers(arrivalRate, serviceRate float64, servers int) error {
	return cmp.Or(positive("arrival rate", arrivalRate), positive("service rate", serviceRate), count("servers", servers),
		positive("offered load (arrival rate over service rate)", arrivalRate/serviceRate))
}

// inRange returns a figure, or an error if it has left the range of numbers.
func inRange(figure float64) (float64, error) {
	if math.IsNaN(figure) || math.IsInf(figure, 0) {
		return 0, errors.New("the answer leaves the range of floating-point numbers; give rates and times of a more ordinary size")
	}
	return figure, nil
}

// finite returns a value, or an error if a figure of it has left the range of numbers.
func finite[T interface{ figures() []float64 }](value T, err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	for _, figure := range value.figures() {
		if _, err := inRange(figure); err != nil {
			return none, err
		}
	}
	return value, nil
}
