package calibration

import (
	"math"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
)

// The allowed errors of a prediction: relative for throughput, goodput, counts and times, absolute for
// utilization.
const (
	nearThroughput  = 0.10
	nearCount       = 0.05
	nearMedian      = 0.20
	nearTail        = 0.35
	nearUtilization = 0.05
	fewestCounted   = 20 // smaller counts of people are not compared, because chance dominates them
)

// figure is one number of a report by which predictions are judged.
type figure struct {
	name, unit string
	value      float64
	allowed    float64 // largest acceptable size of the error
}

// judging is how figures are taken from reports, live or simulated.
type judging struct {
	scenario *scenarios.Scenario
	busiest  window
	shared   bool
	over     float64            // seconds by which both sides are divided
	servers  map[string]float64 // of each station, as the plan has it
}

// serversIn returns the servers of the stations of a simulated report.
func serversIn(r report.Report) map[string]float64 {
	servers := map[string]float64{}
	for _, row := range r.Stations {
		servers[row.Name] = row.Servers
	}
	return servers
}

// serversOf returns the servers of a station under the plan, by which the CPU of its process is divided, like the busy time
// that is predicted.
func (j judging) serversOf(name string, station scenarios.Station) float64 {
	if servers := j.servers[name]; servers > 0 {
		return servers
	}
	return float64(station.ServerCount())
}

// figuresOf returns the figures of a report. In a live report the CPU stands for the station web, that of the backend
// alone or of all processes; and the CPU of a watched process for the station of its name.
func (j judging) figuresOf(r report.Report) []figure {
	figures := []figure{}
	if plateau, known := j.busiest.throughput(r); known {
		figures = append(figures, figure{"plateau.throughput", "per s", plateau, nearThroughput})
	}
	for i, row := range r.Funnel {
		if row.Passed >= fewestCounted && i < len(r.Steps) {
			figures = append(figures, j.stepFigures(row, r.Steps[i])...)
		}
	}
	for _, row := range r.Stations {
		if row.Servers > 0 && row.BusyS > 0 {
			figures = append(figures, figure{row.Name + ".utilization", "share", row.BusyS / (row.Servers * j.over), nearUtilization})
		}
	}
	if r.Engine == report.Simulated {
		return figures
	}
	for _, process := range r.Processes {
		if station, is := j.scenario.Stations[process.Name]; is && process.CPUS != nil {
			figures = append(figures, figure{process.Name + ".utilization", "share", *process.CPUS / (j.serversOf(process.Name, station) * j.over), nearUtilization})
		}
	}
	if l, err := readLevel(r, j.shared); err == nil {
		figures = append(figures, figure{"web.utilization", "share", l.cpu * r.DurationS / (float64(l.cpus) * j.over), nearUtilization})
	}
	return figures
}

// stepFigures returns the figures of one step. Counts of people vary by chance, so at least three standard
// deviations of a Poisson count are allowed.
func (j judging) stepFigures(row report.FunnelRow, step report.StepRow) []figure {
	chance := 3 / math.Sqrt(row.Passed)
	figures := []figure{
		{row.Step + ".passed", "people", row.Passed, max(nearCount, chance)},
		{row.Step + ".throughput", "per s", step.Requests / j.over, max(nearThroughput, chance)},
		{row.Step + ".goodput", "per s", row.Passed / j.over, max(nearThroughput, chance)},
	}
	if times := step.ResponseTimePassedS; times != nil {
		figures = append(figures, figure{row.Step + ".p50", "s", times.P50, nearMedian}, figure{row.Step + ".p95", "s", times.P95, nearTail}, figure{row.Step + ".p99", "s", times.P99, nearTail})
	}
	return figures
}

// window is a part of a run, in real seconds.
type window struct{ from, to float64 }

// plateauOf returns the second half of a live run's arrivals, when the service has been under load for a
// while.
func plateauOf(r report.Report) (w window) {
	for _, event := range r.Timeline {
		if event.Kind == funnel.PhaseMark && event.Text == funnel.ArrivalsPhase {
			w = window{event.AtS + event.ForS/2, event.AtS + event.ForS}
		}
	}
	return w
}

// throughput returns the answers per second in the window, without waits for mail and the like. If more
// people came than the service could serve, it is the saturation throughput.
func (w window) throughput(r report.Report) (perSecond float64, known bool) {
	seconds := 0.0
	for k, at := range r.Series.TS {
		if float64(at) < w.from || float64(at+r.Series.Width()) > w.to {
			continue
		}
		seconds += float64(r.Series.Width())
		for _, step := range r.Series.Steps {
			if !r.Awaits(step.Step) && k < len(step.Passed) && k < len(step.Declined) {
				perSecond += float64(step.Passed[k] + step.Declined[k])
			}
		}
	}
	return perSecond / max(1, seconds), seconds > 0
}

// withIdling adds the idling of stations, which serves no request, to predicted utilizations.
func (j judging) withIdling(figures []figure) []figure {
	for i := range figures {
		for name, station := range j.scenario.Stations {
			if figures[i].name == name+".utilization" {
				figures[i].value = min(1, figures[i].value+station.Idling/j.serversOf(name, station))
			}
		}
	}
	return figures
}

func stepsOf(r report.Report) (names []string) {
	for _, row := range r.Funnel {
		names = append(names, row.Step)
	}
	return names
}
