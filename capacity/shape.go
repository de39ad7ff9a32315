package capacity

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"

	"github.com/ombak-sim/ombak/workload"
)

// Shape is the distribution that fits service times best, with the losses of all families.
type Shape struct {
	Distribution workload.Distribution
	Losses       map[workload.Kind]float64 // seconds: mean quantile loss on times held out; less is better
	Warnings     []string
}

const (
	minTimes        = 50   // least number of service times
	empiricalPoints = 200  // most times of an empirical distribution
	lossPoints      = 100  // quantiles at which a distribution is judged
	simplerShare    = 0.02 // how much better the empirical one must be
	shortestTime    = 1e-7 // seconds; distributions are kept in nanoseconds
	longestTime     = 1e9  // seconds
)

var shapePurpose = workload.NewPurpose("capacity/shape")

// ChooseShape fits a lognormal, a gamma and an empirical distribution to one half of the service times, and chooses the
// one that predicts the other half best. The empirical distribution cannot exceed the measured times, so it must be
// better by 2 %. The chosen family is then fitted to all times. Take the times at low load, when nobody waits.
//
// Source: maximum likelihood of both families, T. P. Minka, "Estimating a gamma distribution", 2002,
// eq. 6–10; quantile loss, T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and
// estimation", JASA 102(477), 2007, section 6.
//
// Where:
//   - seconds are service times, 1e-7 to 1e9
//   - seed draws the halves
func ChooseShape(seconds []float64, seed workload.Seed) (Shape, error) {
	if len(seconds) < minTimes {
		return Shape{}, fmt.Errorf("%w: %d service times are too few for a shape; measure at least %d", ErrUnidentified, len(seconds), minTimes)
	}
	for i, s := range seconds {
		if err := positive("service time", s); err != nil {
			return Shape{}, fmt.Errorf("service time %d: %w", i+1, err)
		}
		if s < shortestTime || s > longestTime {
			return Shape{}, fmt.Errorf("service time %d is %g s; a shape can be found for times between %g s and %g s, so check their unit", i+1, s, shortestTime, longestTime)
		}
	}
	if slices.Min(seconds) == slices.Max(seconds) {
		return Shape{Distribution: workload.ConstantTime(duration(seconds[0])), Warnings: []string{"all service times are equal: a constant"}}, nil
	}
	fitted, held := halves(seconds, seed)
	families := map[workload.Kind]func([]float64) (workload.Distribution, error){
		workload.Lognormal: lognormalOf, workload.Gamma: gammaOf, workload.Empirical: empiricalOf,
	}
	shape := Shape{Losses: make(map[workload.Kind]float64)}
	for kind, fit := range families {
		d, err := fit(fitted)
		if err != nil {
			return Shape{}, err
		}
		shape.Losses[kind] = quantileLoss(d, held)
	}
	best := workload.Lognormal
	if shape.Losses[workload.Gamma] < shape.Losses[best] {
		best = workload.Gamma
	}
	if shape.Losses[workload.Empirical] < (1-simplerShare)*shape.Losses[best] {
		best = workload.Empirical
		shape.Warnings = append(shape.Warnings, "neither a lognormal nor a gamma distribution fits; the measured times themselves are used, so nothing longer will occur")
	}
	var err error
	shape.Distribution, err = families[best](seconds)
	return shape, err
}

// halves divides the times into two halves at random.
func halves(seconds []float64, seed workload.Seed) (fitted, held []float64) {
	order := workload.NewPermutation(seed, shapePurpose, uint64(len(seconds)))
	for i, s := range seconds {
		if order.At(uint64(i))%2 == 0 {
			fitted = append(fitted, s)
		} else {
			held = append(held, s)
		}
	}
	return fitted, held
}

// quantileLoss returns the mean over quantiles u = 0.005 … 0.995 of (u − [s < q])·(s − q).
func quantileLoss(d workload.Distribution, seconds []float64) float64 {
	var sum float64
	for k := range lossPoints {
		u := (float64(k) + 0.5) / lossPoints
		q := d.Quantile(u).Seconds()
		for _, s := range seconds {
			sum += max(u*(s-q), (u-1)*(s-q))
		}
	}
	return sum / float64(len(seconds)) / lossPoints
}

func moments(seconds []float64, of func(float64) float64) (mean, variance float64) {
	for _, s := range seconds {
		mean += of(s) / float64(len(seconds))
	}
	for _, s := range seconds {
		variance += (of(s) - mean) * (of(s) - mean) / float64(len(seconds))
	}
	return mean, variance
}

func lognormalOf(seconds []float64) (workload.Distribution, error) {
	mean, variance := moments(seconds, math.Log)
	const z95 = 1.6448536269514722 // the 95 % quantile of the normal distribution
	return workload.LognormalTime(duration(math.Exp(mean)), duration(math.Exp(mean+z95*math.Sqrt(variance))))
}

func gammaOf(seconds []float64) (workload.Distribution, error) {
	mean, _ := moments(seconds, func(s float64) float64 { return s })
	logs, _ := moments(seconds, math.Log)
	gap := math.Log(mean) - logs
	shape := (3 - gap + math.Sqrt((gap-3)*(gap-3)+24*gap)) / (12 * gap)
	for range 20 { // Newton on ln k − ψ(k) = gap, which the start solves to 1.5 %
		const h = 1e-4
		slope := (1/shape - (mathext.Digamma(shape*(1+h))-mathext.Digamma(shape*(1-h)))/(2*h*shape))
		shape = max(shape/2, shape-(math.Log(shape)-mathext.Digamma(shape)-gap)/slope)
	}
	return workload.GammaTime(duration(mean), 1/shape)
}

// empiricalOf returns the distribution of the means of equally large groups, which has the mean of all times.
func empiricalOf(seconds []float64) (workload.Distribution, error) {
	sorted := slices.Sorted(slices.Values(seconds))
	points := make([]time.Duration, min(empiricalPoints, len(sorted)))
	for k := range points {
		group := sorted[k*len(sorted)/len(points) : (k+1)*len(sorted)/len(points)]
		mean, _ := moments(group, func(s float64) float64 { return s })
		points[k] = duration(mean)
	}
	return workload.EmpiricalTime(points...)
}

// duration returns a time.Duration, cut at 285 years: the tail of a wide distribution may exceed what it can hold.
func duration(seconds float64) time.Duration {
	return time.Duration(math.Round(min(9e9, seconds) * float64(time.Second)))
}
