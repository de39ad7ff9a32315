package capacity_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/capacity"
)

// extremes draws numbers of any size and sign, infinities and NaN.
func extremes() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.SampledFrom([]float64{0, -1, 1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 1e-300, 1e300, math.Nextafter(1, 0)}),
		rapid.Custom(func(t *rapid.T) float64 { return math.Exp(rapid.Float64Range(-300, 300).Draw(t, "ln")) }),
		rapid.Float64Range(0, 3),
	)
}

// TestNothingIsEverInfinite: for any input, every closed form returns an error or finite figures in their
// range.
func TestNothingIsEverInfinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := make([]float64, 6)
		for i := range x {
			x[i] = extremes().Draw(t, "figure")
		}
		c, k := rapid.IntRange(-1, 300).Draw(t, "servers"), rapid.IntRange(-1, 500).Draw(t, "places")
		sane := func(name string, s capacity.Station, err error) {
			if err != nil {
				return
			}
			for _, figure := range []float64{s.Utilization, s.L, s.Lq, s.W, s.Wq, s.P0, s.PWait, s.PBlock, s.PAbandon, s.Throughput} {
				if math.IsNaN(figure) || math.IsInf(figure, 0) || figure < 0 {
					t.Fatalf("%s of %v, %d, %d: %+v", name, x, c, k, s)
				}
			}
			for _, p := range []float64{s.Utilization, s.P0, s.PWait, s.PBlock, s.PAbandon} {
				if p > 1+1e-9 {
					t.Fatalf("%s of %v, %d, %d: a probability above 1: %+v", name, x, c, k, s)
				}
			}
		}
		s, err := capacity.MM1(x[0], x[1])
		sane("M/M/1", s, err)
		s, err = capacity.MMc(x[0], x[1], c)
		sane("M/M/c", s, err)
		s, err = capacity.MMcK(x[0], x[1], c, k)
		sane("M/M/c/K", s, err)
		s, err = capacity.LossSystem(x[0], x[1], c)
		sane("M/M/c/c", s, err)
		s, err = capacity.MG1(x[0], x[1], x[2])
		sane("M/G/1", s, err)
		s, err = capacity.MG1SetUp(x[0], x[1], x[2], x[3], x[4])
		sane("set-up", s, err)
		s, err = capacity.MG1Pauses(x[0], x[1], x[2], x[3], x[4], x[5])
		sane("pauses", s, err)
		s, err = capacity.GGc(x[0], x[1], x[2], x[3], c)
		sane("G/G/c", s, err)
		for name, v := range numbers(x, c, k) {
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				t.Fatalf("%s of %v, %d, %d: %v", name, x, c, k, v)
			}
		}
	})
}

// numbers returns the results of the closed forms with one result, 0 for an error.
func numbers(x []float64, c, k int) map[string]float64 {
	number := func(v float64, err error) float64 {
		if err != nil {
			return 0
		}
		return v
	}
	all := map[string]float64{
		"Little":         number(capacity.NumberInSystem(x[0], x[1])),
		"Little's time":  number(capacity.TimeInSystem(x[0], x[1])),
		"Erlang B":       number(capacity.ErlangB(c, x[0])),
		"Erlang C":       number(capacity.ErlangC(c, x[0])),
		"quantile":       number(capacity.MM1ResponseQuantile(x[0], x[1], x[2])),
		"tail":           number(capacity.MMcWaitTail(x[0], x[1], c, x[2])),
		"wait quantile":  number(capacity.MMcWaitQuantile(x[0], x[1], c, x[2])),
		"square root":    number(capacity.SquareRootServers(x[0], x[1])),
		"hits":           number(capacity.TTLHitRate(x[:3], x[3])),
		"sliding hits":   number(capacity.SlidingTTLHitRate(x[:3], x[3])),
		"USL":            number(capacity.USL{Sigma: x[0], Kappa: x[1], Lambda: x[2]}.Throughput(x[3])),
		"USL's time":     number(capacity.USL{Sigma: x[0], Kappa: x[1], Lambda: x[2]}.ResponseTime(x[3])),
		"sinusoid":       number(capacity.Sinusoid{Mean: x[0], Amplitude: x[1], Frequency: x[2]}.InProgress(x[3], 1)),
		"sinusoid, peak": number(capacity.Sinusoid{Mean: x[0], Amplitude: x[1], Frequency: x[2]}.PeakInProgress(x[3])),
	}
	if served, err := capacity.ImpatientGoodput(x[0], x[1], k, x[2]); err == nil {
		all["goodput"], all["wasted"] = served.Goodput, served.Wasted
	}
	if storm, err := capacity.Retries(x[0], x[1], x[2], k); err == nil {
		all["attempts"], all["critical"], all["safe"] = storm.Attempts, storm.CriticalFailure, storm.SafeRate
	}
	if means, err := capacity.FullJitterMeans(x[0], x[1], k); err == nil && len(means) > 0 {
		all["backoff"] = means[len(means)-1]
	}
	network := capacity.ClosedNetwork{Population: k, Think: x[0], Centers: []capacity.Center{{Demand: x[1], Servers: c}, {Demand: x[2]}, {Demand: x[3], Delay: true}}}
	if solution, err := network.Exact(); err == nil {
		all["closed X"], all["closed R"] = solution.Throughput, solution.ResponseTime
	}
	if solution, err := network.Schweitzer(); err == nil {
		all["approximate X"], all["approximate R"] = solution.Throughput, solution.ResponseTime
	}
	return all
}
