package capacity

import (
	"cmp"
	"math"

	"github.com/ombak-sim/ombak/workload"
)

// OfferedLoadOfPieces is [OfferedLoad] for a piecewise-linear rate, in closed form. There are no arrivals after the last
// segment. From a piece that began h seconds before its end or t, and that ended d seconds before t:
//
//	e^{−μd}·h·(from·f(x) + to·g(x)),  f = (1 − e^{−x}(1 + x))/x²,  g = (e^{−x} − 1 + x)/x²,  x = μh
//
// Where:
//   - from and to are the rates at the ends of the piece, per second
//   - μ is serviceRate, per second, and t in seconds
//
// All terms are positive, so nothing cancels.
func OfferedLoadOfPieces(rate []workload.Segment, serviceRate, t float64) (float64, error) {
	if err := cmp.Or(positive("service rate", serviceRate), notNegative("time", t)); err != nil {
		return 0, err
	}
	curve, err := pieces("arrivals", rate)
	if err != nil {
		return 0, err
	}
	var load float64
	for _, p := range curve {
		if p.begin >= t {
			break
		}
		end := min(p.end, t)
		fromShare, toShare := staying(serviceRate * (end - p.begin))
		load += math.Exp(-serviceRate*(t-end)) * (end - p.begin) * (p.from*fromShare + p.rate(end)*toShare)
	}
	return inRange(load)
}

// staying returns f and g of [OfferedLoadOfPieces], of small x by their series.
func staying(x float64) (f, g float64) {
	if x > .5 {
		return (-math.Expm1(-x) - x*math.Exp(-x)) / (x * x), (x + math.Expm1(-x)) / (x * x)
	}
	term := .5 // (−x)ᵏ/(k + 2)!
	for k := range 16 {
		f, g = f+term*float64(k+1), g+term
		term *= -x / float64(k+3)
	}
	return f, g
}
