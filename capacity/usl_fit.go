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
	Warnings []string // what to consider before relying on it
	unit     float64  // the highest throughput measured, per second
	points   []Point  // measured, throughput in units
	law      USL      // USL with Lambda in units
}

// minLevels is the least number of different levels of concurrency for three parameters.
const minLevels = 4

// kneeShare is the part of the knee that the highest level must reach.
const kneeShare = 0.7

// ErrUnidentified is returned for measurements that many models fit equally well.
var ErrUnidentified = errors.New("the points do not determine the law")

// FitUSL fits the law by least squares of throughput, with σ and κ at least 0. The points must come from a closed loop:
// in an open one, throughput below saturation is the offered load and says nothing about σ and κ. FitUSL returns an
// error if there are fewer than 4 different levels, or if the highest lies below 70 % of the fitted knee (see
// [USL.Knee]).
//
// Source: Gunther, "Guerrilla Capacity Planning", 2007, chapter 5; for the algorithm
// see leastSquares.
func FitUSL(points []Point) (USLFit, error) {
	if err := checkPoints(points); err != nil {
		return USLFit{}, err
	}
	unit := slices.MaxFunc(points, func(a, b Point) int { return cmp.Compare(a.Throughput, b.Throughput) }).Throughput
	points = slices.Clone(points)
	for i := range points {
		points[i].Throughput /= unit
	}
	law, err := fitUSL(points, guessUSL(points))
	if err != nil {
		return USLFit{}, err
	}
	highest := slices.MaxFunc(points, func(a, b Point) int { return cmp.Compare(a.Concurrency, b.Concurrency) }).Concurrency
	if knee := law.Knee(); !(highest >= kneeShare*knee) {
		return USLFit{}, fmt.Errorf("%w: %s; measure at higher concurrency in a closed loop", ErrUnidentified, tooLow(highest, knee))
	}
	fit := USLFit{
		USL:      USL{Sigma: law.Sigma, Kappa: law.Kappa, Lambda: law.Lambda * unit},
		RSquared: explained(points, law), unit: unit, points: points, law: law,
	}
	fit.Warnings = fit.warnings(highest)
	return fit, fit.check()
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
	case f.Sigma+f.Kappa >= 1-1e-9:
		all = append(all, fmt.Sprintf("σ is %.4g and κ %.4g, together 1 or more: throughput does not grow above a concurrency of 1, so there is no peak", f.Sigma, f.Kappa))
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

// guessUSL returns the start of the fit: the largest λ of a point, and little σ and κ.
func guessUSL(points []Point) USL {
	var lambda, highest float64
	for _, point := range points {
		lambda = max(lambda, point.Throughput/point.Concurrency)
		highest = max(highest, point.Concurrency)
	}
	return USL{Sigma: 1 / highest, Kappa: 1 / (highest * highest), Lambda: lambda}
}

func fitUSL(points []Point, start USL) (USL, error) {
	found, err := leastSquares([]float64{start.Sigma, start.Kappa, start.Lambda}, []float64{0, 0, math.Inf(-1)}, len(points), missesUSL(points))
	if err != nil {
		return USL{}, err
	}
	model := USL{Sigma: found[0], Kappa: found[1], Lambda: found[2]}
	return model, model.check()
}

// missesUSL returns model − data as a function of the parameters σ, κ and λ.
func missesUSL(points []Point) residuals {
	return func(p, r []float64, j *mat.Dense) {
		for i, point := range points {
			n := point.Concurrency
			denominator := 1 + p[0]*(n-1) + p[1]*n*(n-1)
			r[i] = p[2]*n/denominator - point.Throughput
			if j != nil {
				slope := -p[2] * n / (denominator * denominator)
				j.SetRow(i, []float64{slope * (n - 1), slope * n * (n - 1), n / denominator})
			}
		}
	}
}

func explained(points []Point, model USL) float64 {
	var missed float64
	throughputs := make([]float64, len(points))
	for i, point := range points {
		miss := point.Throughput - model.at(point.Concurrency)
		missed += miss * miss
		throughputs[i] = point.Throughput
	}
	return explainedShare(missed, throughputs)
}

// Interval is a 95 % confidence interval.
type Interval [2]float64

// around returns the interval cut at 0 and widened to include the estimate.
func (i Interval) around(estimate float64) Interval {
	return Interval{max(0, min(i[0], estimate)), max(i[1], estimate)}
}

func (i Interval) times(unit float64) Interval { return Interval{i[0] * unit, i[1] * unit} }

// USLIntervals holds the intervals of a [USLFit].
type USLIntervals struct {
	Sigma, Kappa, Lambda Interval
	PeakConcurrency      *Interval // nil if more than 2.5 % of the resamples have no peak
	PeakThroughput       *Interval // as PeakConcurrency
	Resamples            int
	Warnings             []string
}

var uslPurpose = workload.NewPurpose("capacity/usl")

// enoughPoints is the number of points from which the intervals hold 95 %.
const enoughPoints = 8

// Intervals draws new residuals, fits again and returns the middle 95 % of the results. These fits have no bounds, and
// residuals are drawn around the best law without bounds. The intervals are then cut at 0. Note: fits within the bounds
// pile up there, and the intervals of σ and λ then contain the true value in only 80 % of cases if κ is 0.
//
// For simulated curves with errors of 2 %, constant or relative, the intervals of σ, κ and λ contained the true value in 0.94 to
// 0.99 of cases with 7 levels measured thrice, in 0.91 to 0.99 with 8 single levels and in 0.88 to 0.98 with 4 to 6.
// Those of the peak contained it in 0.93 to 0.97, 0.86 to 0.98 and 0.80 to 0.94. Below 8 points there is a warning.
//
// Source: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, sections 9.4 and 13.3; for the
// residuals see scatter.
func (f USLFit) Intervals(resamples int, seed workload.Seed) (USLIntervals, error) {
	if err := enoughResamples(resamples); err != nil {
		return USLIntervals{}, err
	}
	unbounded, err := refitUSL(f.points, f.law)
	if err != nil {
		return USLIntervals{}, err
	}
	around := scatterOf(f.points, unbounded)
	values, resampled := make([]float64, len(f.points)), slices.Clone(f.points)
	var sigma, kappa, lambda, peaks, heights []float64
	for k := range resamples {
		stream := seed.Stream(uslPurpose, uint64(k), 0, 0)
		around.draw(&stream, values)
		for i, value := range values {
			resampled[i].Throughput = value
		}
		law, err := refitUSL(resampled, unbounded)
		if err != nil {
			continue // no law fits this resample; it counts as one without a peak
		}
		sigma, kappa, lambda = append(sigma, law.Sigma), append(kappa, law.Kappa), append(lambda, law.Lambda)
		if peak, found := law.PeakConcurrency(); found {
			peaks, heights = append(peaks, peak), append(heights, law.at(peak))
		}
	}
	if len(sigma) < resamples*39/40 {
		return USLIntervals{}, fmt.Errorf("%w: only %d of %d resamples could be fitted; measure more levels", ErrUnidentified, len(sigma), resamples)
	}
	out := USLIntervals{
		Sigma: middle95(sigma).around(f.Sigma), Kappa: middle95(kappa).around(f.Kappa),
		Lambda: middle95(lambda).around(f.law.Lambda).times(f.unit), Resamples: resamples,
	}
	if peak, found := f.law.PeakConcurrency(); found && len(peaks) >= resamples*39/40 {
		concurrency, throughput := middle95(peaks).around(peak), middle95(heights).around(f.law.at(peak)).times(f.unit)
		out.PeakConcurrency, out.PeakThroughput = &concurrency, &throughput
	}
	if n := len(f.points); n < enoughPoints {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%d points are few to estimate their scatter, so the intervals contain the true value less than 95 %% of the time; measure %d or more", n, enoughPoints))
	}
	return out, nil
}

// refitUSL fits the law without bounds.
func refitUSL(points []Point, start USL) (USL, error) {
	none := math.Inf(-1)
	found, err := leastSquares([]float64{start.Sigma, start.Kappa, start.Lambda}, []float64{none, none, none}, len(points), missesUSL(points))
	if err != nil {
		return USL{}, err
	}
	return USL{Sigma: found[0], Kappa: found[1], Lambda: found[2]}, nil
}

// scatterOf returns the scatter of the points around a law.
func scatterOf(points []Point, law USL) scatter {
	misses, slopes := make([]float64, len(points)), mat.NewDense(len(points), 3, nil)
	missesUSL(points)([]float64{law.Sigma, law.Kappa, law.Lambda}, misses, slopes)
	fitted := make([]float64, len(points))
	for i, point := range points {
		fitted[i] = point.Throughput + misses[i]
	}
	return newScatter(fitted, misses, [][]float64{mat.Col(nil, 0, slopes), mat.Col(nil, 1, slopes), mat.Col(nil, 2, slopes)})
}

const maxResamples = 100_000

func enoughResamples(resamples int) error {
	if resamples < 40 || resamples > maxResamples {
		return fmt.Errorf("%d resamples are asked for; an interval takes between 40 and %d", resamples, maxResamples)
	}
	return nil
}

// middle95 returns the 2.5 % and 97.5 % quantiles, interpolated such that one more value falls outside
// with 5 %; it sorts the values, 40 or more.
func middle95(values []float64) Interval {
	slices.Sort(values)
	at := func(p float64) float64 {
		place := max(0, p*float64(len(values)+1)-1)
		below := int(place)
		above := min(below+1, len(values)-1)
		return values[below] + (place-float64(below))*(values[above]-values[below])
	}
	return Interval{at(0.025), at(0.975)}
}
