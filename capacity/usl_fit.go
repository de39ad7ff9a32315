package capacity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/ombak-sim/ombak/workload"
)

// USLFit is a [USL] fitted to measured points.
type USLFit struct {
	USL
	RSquared float64  // share of the variance of throughput that the law explains
	Warnings []string // what to know before relying on it
	points   []Point
}

// minLevels is how many different levels of concurrency three parameters need at least.
const minLevels = 4

// kneeShare is the share of the knee that the highest level must reach.
const kneeShare = 0.7

// ErrUnidentified is returned by [FitUSL] for points that agree with many laws alike.
var ErrUnidentified = errors.New("the points do not determine the law")

// FitUSL fits the law by least squares of throughput, with σ and κ at least 0. The points must come
// from a closed loop: in an open one throughput below saturation is the offered load and says
// nothing about σ and κ. They are refused where fewer than 4 levels differ, or where the highest
// lies below 70 % of the fitted knee (see [USL.Knee]).
//
// Source: Gunther, "Guerrilla Capacity Planning", 2007, chapter 5; for the algorithm
// see [leastSquares].
func FitUSL(points []Point) (USLFit, error) {
	if err := checkPoints(points); err != nil {
		return USLFit{}, err
	}
	model, err := fitUSL(points, guessUSL(points))
	if err != nil {
		return USLFit{}, err
	}
	highest := slices.MaxFunc(points, func(a, b Point) int { return cmp.Compare(a.Concurrency, b.Concurrency) }).Concurrency
	if knee := model.Knee(); !(highest >= kneeShare*knee) {
		return USLFit{}, fmt.Errorf("%w: %s; measure at higher concurrency in a closed loop", ErrUnidentified, tooLow(highest, knee))
	}
	fit := USLFit{USL: model, RSquared: explained(points, model), points: slices.Clone(points)}
	fit.Warnings = fit.warnings(highest)
	return fit, nil
}

func tooLow(highest, knee float64) string {
	if math.IsInf(knee, 1) || knee > 1e6*highest {
		return fmt.Sprintf("throughput still grows in proportion to concurrency at the highest level, %g", highest)
	}
	return fmt.Sprintf("the highest level, %g, is below 70 %% of the knee near %.4g", highest, knee)
}

func (f USLFit) warnings(highest float64) []string {
	var all []string
	if f.RSquared < 0.9 {
		all = append(all, fmt.Sprintf("the law explains only %.0f %% of the variance of throughput; look at the points before using it", 100*max(0, f.RSquared)))
	}
	switch peak, found := f.PeakConcurrency(); {
	case f.Kappa == 0:
		all = append(all, "κ is at its bound 0: within these points throughput has no peak")
	case found && peak > highest:
		all = append(all, fmt.Sprintf("the peak at %.4g lies beyond the highest level measured, %g", peak, highest))
	}
	return all
}

func checkPoints(points []Point) error {
	levels := make(map[float64]bool)
	for i, point := range points {
		if err := point.check(); err != nil {
			return fmt.Errorf("point %d: %w", i+1, err)
		}
		levels[point.Concurrency] = true
	}
	if len(levels) < minLevels {
		return fmt.Errorf("%w: there are %d different levels of concurrency; measure at least %d", ErrUnidentified, len(levels), minLevels)
	}
	return nil
}

// guessUSL starts from the best-looking λ and a mild law.
func guessUSL(points []Point) USL {
	var lambda, highest float64
	for _, point := range points {
		lambda = max(lambda, point.Throughput/point.Concurrency)
		highest = max(highest, point.Concurrency)
	}
	return USL{Sigma: 1 / highest, Kappa: 1 / (highest * highest), Lambda: lambda}
}

func fitUSL(points []Point, start USL) (USL, error) {
	found, err := leastSquares([]float64{start.Sigma, start.Kappa, start.Lambda}, []float64{0, 0, math.Inf(-1)}, len(points),
		func(p, r []float64, j *mat.Dense) {
			for i, point := range points {
				n := point.Concurrency
				denominator := 1 + p[0]*(n-1) + p[1]*n*(n-1)
				r[i] = p[2]*n/denominator - point.Throughput
				if j != nil {
					slope := -p[2] * n / (denominator * denominator)
					j.SetRow(i, []float64{slope * (n - 1), slope * n * (n - 1), n / denominator})
				}
			}
		})
	if err != nil {
		return USL{}, err
	}
	model := USL{Sigma: found[0], Kappa: found[1], Lambda: found[2]}
	return model, model.check()
}

func explained(points []Point, model USL) float64 {
	var missed float64
	throughputs := make([]float64, len(points))
	for i, point := range points {
		miss := point.Throughput - model.at(point.Concurrency)
		missed += miss * miss
		throughputs[i] = point.Throughput
	}
	return explainedShare(missed, spread(throughputs))
}

// Interval is a 95 % confidence interval.
type Interval [2]float64

// USLIntervals hold what resampling says about a [USLFit].
type USLIntervals struct {
	Sigma, Kappa, Lambda Interval
	PeakConcurrency      *Interval // nil where more than 2.5 % of the resamples have no peak
	PeakThroughput       *Interval // as PeakConcurrency
	Resamples            int
}

var uslPurpose = workload.NewPurpose("capacity/usl")

// Intervals draws residuals anew, refits and takes the middle 95 %.
//
// Source: B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, sections 9.4 and 13.3;
// residuals are centred and inflated by √(n/(n−3)) for the three parameters fitted.
func (f USLFit) Intervals(resamples int, seed workload.Seed) (USLIntervals, error) {
	if resamples < 40 || resamples > maxResamples {
		return USLIntervals{}, fmt.Errorf("%d resamples are asked for; an interval takes between 40 and %d", resamples, maxResamples)
	}
	errs := f.centred()
	resampled := slices.Clone(f.points)
	var sigma, kappa, lambda, peaks, heights []float64
	for k := range resamples {
		stream := seed.Stream(uslPurpose, uint64(k), 0, 0)
		for i, point := range f.points {
			resampled[i].Throughput = f.at(point.Concurrency) + errs[stream.IntN(len(errs))]
		}
		model, err := fitUSL(resampled, f.USL)
		if err != nil {
			continue // this resample supports no law; it counts as without a peak
		}
		sigma, kappa, lambda = append(sigma, model.Sigma), append(kappa, model.Kappa), append(lambda, model.Lambda)
		if peak, found := model.PeakConcurrency(); found {
			peaks, heights = append(peaks, peak), append(heights, model.at(peak))
		}
	}
	if len(sigma) < resamples*39/40 {
		return USLIntervals{}, fmt.Errorf("%w: only %d of %d resamples could be fitted; measure more levels", ErrUnidentified, len(sigma), resamples)
	}
	out := USLIntervals{Sigma: middle95(sigma), Kappa: middle95(kappa), Lambda: middle95(lambda), Resamples: resamples}
	if len(peaks) >= resamples*39/40 {
		concurrency, throughput := middle95(peaks), middle95(heights)
		out.PeakConcurrency, out.PeakThroughput = &concurrency, &throughput
	}
	return out, nil
}

const maxResamples = 100_000

func (f USLFit) centred() []float64 {
	errs := make([]float64, len(f.points))
	var mean float64
	for i, point := range f.points {
		errs[i] = point.Throughput - f.at(point.Concurrency)
		mean += errs[i] / float64(len(errs))
	}
	inflate := math.Sqrt(float64(len(errs)) / float64(len(errs)-3))
	for i := range errs {
		errs[i] = (errs[i] - mean) * inflate
	}
	return errs
}

// middle95 returns the 2.5 % and 97.5 % quantiles, interpolated; it sorts the values.
func middle95(values []float64) Interval {
	slices.Sort(values)
	at := func(p float64) float64 {
		place := p * float64(len(values)-1)
		below := int(place)
		above := min(below+1, len(values)-1)
		return values[below] + (place-float64(below))*(values[above]-values[below])
	}
	return Interval{at(0.025), at(0.975)}
}
