package capacity

import "cmp"

// NumberInSystem is Little's law solved for the number: L = λW. It holds for any system that neither
// creates nor loses requests, over any span that begins and ends empty and in the long run.
//
// Source: J. D. C. Little, "A proof for the queuing formula L = λW", Operations Research 9(3), 1961.
//
// Where:
//   - λ is arrivalRate, per second
//   - W is the mean time in the system, seconds
//   - L is the mean number in the system
func NumberInSystem(arrivalRate, timeInSystem float64) (float64, error) {
	return product(notNegative("arrival rate", arrivalRate), notNegative("time in the system", timeInSystem), arrivalRate*timeInSystem)
}

// TimeInSystem is Little's law solved for the time, W = L/λ; see [NumberInSystem].
func TimeInSystem(numberInSystem, arrivalRate float64) (float64, error) {
	return product(notNegative("number in the system", numberInSystem), positive("arrival rate", arrivalRate), numberInSystem/arrivalRate)
}

// RateThroughSystem is Little's law solved for the rate, λ = L/W; see [NumberInSystem].
func RateThroughSystem(numberInSystem, timeInSystem float64) (float64, error) {
	return product(notNegative("number in the system", numberInSystem), positive("time in the system", timeInSystem), numberInSystem/timeInSystem)
}

func product(first, second error, value float64) (float64, error) {
	if err := cmp.Or(first, second, notNegative("answer", value)); err != nil {
		return 0, err
	}
	return value, nil
}
