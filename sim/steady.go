package sim

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Warmup returns how many of the first observations of a run that starts empty to leave out, by
// MSER-5: of all cuts that are multiples of 5 and leave at least half, the one with the smallest
// standard error of what is left (White, Cobb, Spratt, "A comparison of five steady-state truncation
// heuristics for simulation", Winter Simulation Conference 2000). False means that the best cut lies
// at the very half: the run is too short to tell.
//
// The statistic of a cut d, over batches of five:
//
//	MSER(d) = Σ (Yᵢ − Ȳ)² / (n − d)²     for i = d+1 … n
//
// Where:
//
//	Yᵢ  mean of the i-th five observations
//	Ȳ   mean of the Y beyond the cut
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

// BatchMeans estimates the mean of one long run in its steady state from the means of so many
// batches, which are far less dependent on each other than the observations are (Schmeiser, "Batch
// Size Effects in the Analysis of Simulation Output", Operations Research 30 (1982), who advises 10
// to 30 batches). It needs two batches at least; with fewer observations the half-width is infinite.
func BatchMeans(observations []float64, batches int) Interval {
	size := len(observations) / max(1, batches)
	if batches < 2 || size == 0 {
		return Interval{Mean: stat.Mean(observations, nil), HalfWidth: math.Inf(1)}
	}
	means := make([]float64, batches)
	skipped := len(observations) - batches*size // so that the last observations count
	for i := range means {
		means[i] = stat.Mean(observations[skipped+i*size:skipped+(i+1)*size], nil)
	}
	return IntervalOf(means)
}

// IntervalOf estimates the mean of independent values, such as one figure of each replication, by
// Student's t. Of fewer than two values the half-width is infinite.
func IntervalOf(values []float64) Interval {
	if len(values) < 2 {
		return Interval{Mean: stat.Mean(values, nil), HalfWidth: math.Inf(1)}
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	n := float64(len(values))
	return Interval{mean, distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)}
}

// Enough returns how many replications are needed for the mean to be known within a share of itself,
// from a first few values: n·(h/(ε·m))², rounded up, and never less than there are (Law, "Simulation
// Modeling and Analysis", sec. 9.4.1). It is 0 where the values do not tell.
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
