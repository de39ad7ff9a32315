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
	if how.Scenario != nil {
		if err := checkMeasured(how.Scenario, []report.Report{quiet}); err != nil {
			return err
		}
	}
	if how.Scenario == nil || quiet.Scenario.SHA256 != how.Scenario.SHA256() {
		m.delaysBesideDemands(quiet)
	} else if err := m.fitDelays(ctx, loadsOf([]report.Report{quiet}, how)[0]); err != nil {
		return err
	}
	m.tellWaits()
	return nil
}

// tellWaits tells delays of the network and the client from waits in the service, such as for a disk or a lock, which
// take a place at a limit in front of the service. The delay of the quickest step is taken for the network's and the
// client's share of every step, and what is longer for waits in the service. With one step nothing tells them apart, and
// the delay stays outside the service.
func (m *Model) tellWaits() {
	if len(m.Routes) < 2 {
		return
	}
	beside := map[string]workload.Distribution{}
	for _, delay := range m.Delays {
		beside[delay.Step] = delay.Beside
	}
	outside := math.Inf(1)
	for _, delay := range m.Delays {
		outside = min(outside, median(delay.Beside))
	}
	for _, route := range m.Routes {
		if beside[route.Step].IsZero() && minDelayShare*route.demand() < outside {
			outside = 0 // it is so quick that a delay would show
		}
	}
	m.Delays = nil
	for i, route := range m.Routes {
		if beside[route.Step].IsZero() {
			continue
		}
		m.Routes[i].Wait, _ = delayOf(median(beside[route.Step])-outside, beside[route.Step].Quantile(0.95).Seconds()-outside)
		if delay, is := delayOf(outside, outside); is {
			m.Delays = append(m.Delays, FittedDelay{route.Step, delay})
		}
	}
}

// demand returns the work of a request at all processes together: the sum of its medians, in seconds.
func (r FittedRoute) demand() (sum float64) {
	for _, hop := range r.Hops {
		sum += visits(r.Kept, hop.Station) * median(hop.Work)
	}
	return sum
}

func median(d workload.Distribution) float64 { return d.Quantile(0.5).Seconds() }

// quietest returns the run in which answers were fastest, by the geometric mean of the medians of its steps over the least
// median of each. It is not always the one of the lightest load, because other programs may slow down any run. Runs in
// which people took more of the steps go first, because a run says nothing of the others.
func quietest(reports []report.Report) report.Report {
	least := map[string]float64{}
	for _, r := range reports {
		for step, median := range mediansOf(r) {
			if known, is := least[step]; !is || median < known {
				least[step] = median
			}
		}
	}
	best, most, lowest := reports[0], 0, math.Inf(1)
	for _, r := range reports {
		medians := mediansOf(r)
		sum := 0.
		for step, median := range medians {
			sum += math.Log(median/least[step]) / float64(len(medians))
		}
		if len(medians) > most || len(medians) == most && most > 0 && sum < lowest {
			best, most, lowest = r, len(medians), sum
		}
	}
	return best
}

// mediansOf returns the medians of the service times of a valid run, in seconds by step.
func mediansOf(r report.Report) map[string]float64 {
	medians := map[string]float64{}
	if r.Verdict == report.Invalid {
		return medians
	}
	for _, row := range r.Steps {
		if row.ServiceTimeS != nil && row.ServiceTimeS.P50 > 0 && !r.Awaits(row.Step) {
			medians[row.Step] = row.ServiceTimeS.P50
		}
	}
	return medians
}

// workOf returns the distribution of the work of a step: its demand, with the least relative variation of its service
// times in any run, because waits add to it. More than that of an exponential distribution is the network's or a queue's.
func workOf(demand float64, step string, reports []report.Report) workload.Distribution {
	const steady = 0.01
	scv := 1.
	for _, r := range reports {
		if seen := variationOf(serviceTimes(r, step)); r.Verdict != report.Invalid && seen < scv {
			scv = seen
		}
	}
	if scv < steady {
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
		demand := route.demand()
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
