package calibration

import (
	"context"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/workload"
)

// FittedDelay is the time that an exchange of a step takes besides its route: the network, the client, and what the
// route leaves out.
type FittedDelay struct {
	Step   string
	Beside workload.Distribution
}

// fitDelays simulates the lightest load with the fitted stations. It gives each step the time by which people
// really waited longer there.
func (m *Model) fitDelays(ctx context.Context, measured load) error {
	m.Delays = nil
	simulated, err := m.simulate(ctx, measured)
	if err != nil {
		return err
	}
	for i, row := range simulated.Steps {
		if row.ResponseTimePassedS == nil {
			continue
		}
		median := excess(measured.reports, i, row, func(q report.Quantiles) float64 { return q.P50 })
		tail := excess(measured.reports, i, row, func(q report.Quantiles) float64 { return q.P95 })
		if measured.scenario.Journey[i].Kind != funnel.Request { // the pause between two polls dominates
			tail = median
		}
		if delay, is := delayOf(median, tail); is && median > minDelayShare*row.ResponseTimePassedS.P50 {
			m.Delays = append(m.Delays, FittedDelay{row.Step, delay})
		}
	}
	return nil
}

// excess returns by how much a quantile of a step's response times was longer than simulated, on average over the
// runs.
func excess(measured []report.Report, step int, simulated report.StepRow, quantile func(report.Quantiles) float64) float64 {
	sum, known := 0.0, 0.0
	for _, r := range measured {
		if step < len(r.Steps) && r.Steps[step].Step == simulated.Step && r.Steps[step].ResponseTimePassedS != nil {
			sum, known = sum+quantile(*r.Steps[step].ResponseTimePassedS), known+1
		}
	}
	if known == 0 {
		return 0
	}
	return sum/known - quantile(*simulated.ResponseTimePassedS)
}

// Delays below these are left out of the model: in seconds, and as a share of the simulated median.
const (
	minDelay      = 10e-6
	minDelayShare = 0.03
)

// delayOf returns the delay with a median and a 95th percentile in seconds. It is lognormal if the percentile is at
// least half as long again as the median, and constant otherwise.
func delayOf(median, tail float64) (workload.Distribution, bool) {
	if median < minDelay {
		return workload.Distribution{}, false
	}
	if tail < 1.5*median {
		return workload.ConstantTime(seconds(median)), true
	}
	delay, err := workload.LognormalTime(seconds(median), seconds(tail))
	return delay, err == nil
}
