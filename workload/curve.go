package workload

import (
	"math"
	"time"
)

// Segment is one piece of a piecewise-linear arrival rate.
type Segment struct {
	For  time.Duration `yaml:"for" json:"for"`   // how long the piece lasts
	From Rate          `yaml:"from" json:"from"` // rate at its start
	To   Rate          `yaml:"to" json:"to"`     // rate at its end
}

// Curve is a piecewise-linear arrival rate over time, from scenario time 0. The rate is 0 after its end.
type Curve []Segment

// Duration returns the end of the last piece.
func (c Curve) Duration() (total time.Duration) {
	for _, segment := range c {
		total += segment.For
	}
	return total
}

// Expected returns the expected number of arrivals in [0, until): the integral Λ of the rate.
func (c Curve) Expected(until time.Duration) float64 {
	total := 0.0
	for _, segment := range c {
		if until <= 0 {
			break
		}
		part := min(segment.For, until)
		share := part.Seconds() / segment.For.Seconds()
		end := float64(segment.From) + share*float64(segment.To-segment.From)
		total += part.Seconds() * (float64(segment.From) + end) / 2
		until -= part
	}
	return total
}

// When returns the instant before which the given number of arrivals is expected: the inverse of
// [Curve.Expected]. It turns a homogeneous Poisson process into a non-homogeneous one
// (Çınlar, Introduction to Stochastic Processes, 1975, section 4.7).
func (c Curve) When(expected float64) time.Duration {
	var start time.Duration
	for i, segment := range c {
		whole := segment.For.Seconds() * float64(segment.From+segment.To) / 2
		if expected < whole || i == len(c)-1 {
			return start + min(segment.For, segment.when(max(0, expected)))
		}
		expected -= whole
		start += segment.For
	}
	return 0
}

// when solves From·t + (To−From)/(2·For)·t² = expected for t, in the form without cancellation.
func (s Segment) when(expected float64) time.Duration {
	slope := float64(s.To-s.From) / s.For.Seconds()
	root := math.Sqrt(max(0, float64(s.From)*float64(s.From)+2*slope*expected))
	if float64(s.From)+root == 0 {
		return 0
	}
	if seconds := 2 * expected / (float64(s.From) + root); seconds < s.For.Seconds() {
		return time.Duration(seconds * float64(time.Second))
	}
	return s.For // because of rounding, or because the rate is so low that nobody arrives
}

// NewBins turns a piecewise-linear rate into counts per bin of the given width. The count of a bin
// is the difference of the rounded cumulative integral at its ends. No arrival is lost to rounding: the
// total is the integral, rounded once.
func NewBins(curve Curve, width time.Duration) Bins {
	bins := Bins{Width: width}
	duration := curve.Duration()
	before := 0
	for end := width; end-width < duration; end += width {
		cumulative := int(math.Round(curve.Expected(min(end, duration))))
		bins.Counts = append(bins.Counts, cumulative-before)
		before = cumulative
	}
	return bins
}
