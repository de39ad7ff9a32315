package sim

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Warmup returns the number of initial observations to discard from a run that starts empty. It uses MSER-5: of
// all cuts that are multiples of 5 and leave at least half, it chooses the one with the smallest standard error of
// the rest (White, Cobb, Spratt, "A comparison of five steady-state truncation heuristics for simulation", Winter
// Simulation Conference 2000). It returns false if the best cut is at the half: the run is then too short.
//
// The statistic of a cut d, over batches of five:
//
//	MSER(d) = Σ (Yᵢ − Ȳ)² / (n − d)²     for i = d+1 … n
//
// Where:
//
//	Yᵢ  mean of the i-th five observations
//	Ȳ   mean of the Y after the cut
//	n   number of batches
func Warmup(observations []float64) (cut int, settled bool) {
	const five = 5
	n := len(observations) / five
	if n < 4 {
		return 0, false
	}
	best, least := 0, math.Inf(1)
	count, mean, squares := 0.0, 0.0, 0.0 // of the batches from i on (Welford 1962)
	for i := n - 1; i >= 0; i-- {
		y := stat.Mean(observations[i*five:(i+1)*five], nil)
		count++
		delta := y - mean
		mean += delta / count
		squares += delta * (y - mean)
		if i <= n/2 {
			if mser := squares / (count * count); mser <= least {
				best, least = i, mser
			}
		}
	}
	return best * five, best < n/2
}

// Interval is a 95 % confidence interval around a mean.
type Interval struct {
	Mean, HalfWidth float64
}

// BatchMeans estimates the steady-state mean of one long run from the means of batches. Batch means are far less
// dependent on each other than the observations (Schmeiser, "Batch Size Effects in the Analysis of Simulation
// Output", Operations Research 30 (1982), who recommends 10 to 30 batches). With fewer than two batches, or fewer
// observations than batches, the half-width is infinite.
func BatchMeans(observations []float64, batches int) Interval {
	size := len(observations) / max(1, batches)
	if batches < 2 || size == 0 {
		return Interval{Mean: stat.Mean(observations, nil), HalfWidth: math.Inf(1)}
	}
	means := make([]float64, batches)
	skipped := len(observations) - batches*size // keeps the last observations
	for i := range means {
		means[i] = stat.Mean(observations[skipped+i*size:skipped+(i+1)*size], nil)
	}
	return IntervalOf(means)
}

// IntervalOf estimates the mean of independent values, such as one figure per replication, by Student's t. With
// fewer than two values, the half-width is infinite.
func IntervalOf(values []float64) Interval {
	if len(values) < 2 {
		return Interval{Mean: stat.Mean(values, nil), HalfWidth: math.Inf(1)}
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	n := float64(len(values))
	return Interval{mean, distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)}
}

// Enough returns the number of replications needed to estimate the mean within a relative precision, from a few
// initial values: n·(h/(ε·m))², rounded up, and at least the number of values (Law, "Simulation Modeling and
// Analysis", sec. 9.4.1). It returns 0 if the values do not determine it.
//
// Where:
//
//	n  number of values     m  their mean
//	h  half-width           ε  relative precision, such as 0.01
func Enough(values []float64, precision float64) int {
	interval := IntervalOf(values)
	if math.IsInf(interval.HalfWidth, 1) || interval.Mean == 0 || !(precision > 0) {
		return 0
	}
	ratio := interval.HalfWidth / (precision * math.Abs(interval.Mean))
	return max(len(values), int(math.Ceil(float64(len(values))*ratio*ratio)))
}
