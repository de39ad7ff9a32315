package redline

import (
	"fmt"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/workload"
)

// Closed is the result of playing several closed loops.
type Closed struct {
	Levels []Level
	Law    capacity.USLFit
	NoLaw  error // why no law fits the levels; nil if Law does
}

// RunClosed plays a closed loop for each number of people under way. Levels that were played before an
// error are kept.
func RunClosed(concurrencies []int, play func(people int) (Level, error)) (Closed, error) {
	var closed Closed
	for _, people := range concurrencies {
		level, err := play(people)
		if err != nil {
			closed.fit()
			return closed, err
		}
		closed.Levels = append(closed.Levels, level)
	}
	closed.fit()
	return closed, nil
}

func (c *Closed) fit() { c.Law, c.NoLaw = capacity.FitUSL(c.Points()) }

// Points returns the levels in which people finished.
func (c Closed) Points() (points []capacity.Point) {
	for _, level := range c.Levels {
		if throughput := level.Finished(); level.Concurrency > 0 && throughput > 0 {
			points = append(points, capacity.Point{Concurrency: float64(level.Concurrency), Throughput: throughput})
		}
	}
	return points
}

// Report returns the report of the last level, with all levels and the law in it. It panics if there is no
// level.
func (c Closed) Report() report.Report {
	whole := c.Levels[len(c.Levels)-1].Report
	for _, level := range c.Levels {
		whole.Levels = append(whole.Levels, level.entry())
	}
	whole.Redline = &report.Redline{}
	if c.NoLaw == nil {
		law, knee := c.Law, c.Law.Knee()
		whole.Redline.Sigma, whole.Redline.Kappa, whole.Redline.Lambda, whole.Redline.KneeConcurrency = &law.Sigma, &law.Kappa, &law.Lambda, &knee
	}
	return whole
}

// Bounds returns the law with the ends of its parameters' 95 % intervals, and warnings about them. Both are nil
// if they are not known.
func (c Closed) Bounds(seed workload.Seed) (low, high *capacity.USL, warnings []string) {
	if c.NoLaw != nil {
		return nil, nil, nil
	}
	const resamples = 1000
	intervals, err := c.Law.Intervals(resamples, seed)
	if err != nil {
		return nil, nil, nil
	}
	return &capacity.USL{Sigma: intervals.Sigma[1], Kappa: intervals.Kappa[1], Lambda: intervals.Lambda[0]},
		&capacity.USL{Sigma: intervals.Sigma[0], Kappa: intervals.Kappa[0], Lambda: intervals.Lambda[1]}, intervals.Warnings
}

// Sentence states the law, or why there is none.
func (c Closed) Sentence() string {
	if c.NoLaw != nil {
		return fmt.Sprintf("No law of scalability fits the levels: %v.", c.NoLaw)
	}
	return fmt.Sprintf("The Universal Scalability Law fitted to the levels: σ = %.4g, κ = %.4g, λ = %.4g/s; beyond %.4g people under way more add little.",
		c.Law.Sigma, c.Law.Kappa, c.Law.Lambda, c.Law.Knee())
}
