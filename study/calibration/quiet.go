package calibration

import (
	"context"
	"math"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/workload"
)

// fitDelaysOf gives each step what its response times in the quietest run hold besides its demands: by simulating that
// run, if the scenario is the one that was played there, and else by their medians.
func (m *Model) fitDelaysOf(ctx context.Context, ordered []report.Report, how Calibrating) error {
	quiet := quietest(ordered)
	if how.Scenario == nil {
		m.delaysBesideDemands(quiet)
		return nil
	}
	if err := checkMeasured(how.Scenario, []report.Report{quiet}); err != nil {
		return err
	}
	if quiet.Scenario.SHA256 != how.Scenario.SHA256() {
		m.delaysBesideDemands(quiet)
		return nil
	}
	return m.fitDelays(ctx, loadsOf([]report.Report{quiet}, how)[0])
}

// quietest returns the run in which answers were fastest, by the geometric mean of the medians of its steps. It is not
// always the one of the lightest load, because other programs may slow down any run.
func quietest(reports []report.Report) report.Report {
	best, least := reports[0], math.Inf(1)
	for _, r := range reports {
		if r.Verdict == report.Invalid {
			continue
		}
		sum, steps := 0., 0.
		for _, row := range r.Steps {
			if row.ServiceTimeS != nil && row.ServiceTimeS.P50 > 0 && !r.Awaits(row.Step) {
				sum, steps = sum+math.Log(row.ServiceTimeS.P50), steps+1
			}
		}
		if mean := sum / max(1, steps); steps > 0 && mean < least {
			best, least = r, mean
		}
	}
	return best
}

// workOf returns the distribution of the work of a step: its demand, with the relative variation of its service times
// in the quietest run. More than that of an exponential distribution is the network's or a queue's.
func workOf(demand float64, step string, quiet report.Report) workload.Distribution {
	const steady = 0.01
	scv := variationOf(serviceTimes(quiet, step))
	if math.IsNaN(scv) {
		scv = 1
	}
	if scv = min(1, scv); scv < steady {
		return workload.ConstantTime(seconds(demand))
	}
	work, err := workload.LognormalTimeWithSCV(demand, rounded(scv, 3))
	if err != nil { // below a nanosecond
		return workload.ConstantTime(seconds(demand))
	}
	return work
}

// variationOf returns the squared coefficient of variation, or NaN of fewer than 20 values.
func variationOf(values []float64) float64 {
	if len(values) < 20 {
		return math.NaN()
	}
	mean, sum := 0., 0.
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(len(values)-1) / (mean * mean)
}

// delaysBesideDemands gives each step the median of its service times in the quietest run less its demands. It stands
// in for a simulation of that load, which needs the scenario.
func (m *Model) delaysBesideDemands(quiet report.Report) {
	for _, route := range m.Routes {
		demand := 0.
		for _, hop := range route.Hops {
			demand += visits(route.Kept, hop.Station) * hop.Work.Quantile(0.5).Seconds()
		}
		for _, row := range quiet.Steps {
			if row.Step != route.Step || row.ServiceTimeS == nil {
				continue
			}
			beside := row.ServiceTimeS.P50 - demand
			if delay, is := delayOf(beside, beside); is && beside > minDelayShare*demand {
				m.Delays = append(m.Delays, FittedDelay{route.Step, delay})
			}
		}
	}
}
