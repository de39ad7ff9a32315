package plots

import (
	"fmt"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// alternative tells in words what a figure shows, for those who do not see it.
func alternative(figure string, r report.Report) string {
	tell := map[string]func(report.Report) []string{
		"funnel": tellFunnel, "goodput": tellGoodput, "throughput": tellThroughput, "response-time": tellTimes,
		"heat-map": tellTimes, "spectrum": tellTimes, "stations": tellStations, "drop-off": tellDropOff, "waiting-room": tellWaitingRooms,
	}[figure]
	if tell == nil {
		return ""
	}
	parts := tell(r)
	if len(parts) == 0 {
		return "No data."
	}
	return strings.Join(parts, "; ") + "."
}

func tellFunnel(r report.Report) (parts []string) {
	for _, row := range r.Funnel {
		if row.Entered > 0 {
			parts = append(parts, row.Step+": passed "+passedOf(row))
		}
	}
	return parts
}

func tellGoodput(r report.Report) (parts []string) {
	step, ok := mainStep(r)
	if !ok {
		return nil
	}
	for _, row := range r.Funnel {
		if row.Step != step.Step {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s people came to %s", units.Number(row.Entered), row.Step),
			fmt.Sprintf("at most %s passed in one minute", units.Number(row.PeakPassedPerMin)))
		for _, outcome := range outcomes(row) {
			if outcome.count > 0 {
				parts = append(parts, units.Number(outcome.count)+" "+outcome.name)
			}
		}
	}
	for _, queue := range longest(r.Series, newBins(r.Series)) {
		parts = append(parts, fmt.Sprintf("at most %s at %s at one time", units.Number(largest(queue.waiting)), queue.name))
	}
	return parts
}

func tellThroughput(r report.Report) (parts []string) {
	for _, row := range r.Funnel {
		if row.Passed > 0 {
			parts = append(parts, fmt.Sprintf("%s passed at most %s in one minute", row.Step, units.Number(row.PeakPassedPerMin)))
		}
	}
	return parts
}

func tellTimes(r report.Report) (parts []string) {
	for _, row := range r.Steps {
		if q := row.ResponseTimeS; q != nil {
			parts = append(parts, fmt.Sprintf("%s: half within %s, 95 %% within %s, 99 %% within %s", row.Step, units.Time(q.P50), units.Time(q.P95), units.Time(q.P99)))
		}
	}
	return parts
}

func tellStations(r report.Report) (parts []string) {
	for _, row := range r.Stations {
		words := fmt.Sprintf("%s: at most %s waited", row.Name, units.Number(row.QueueMax))
		if row.Servers > 0 && r.DurationS > 0 {
			words += ", in use " + units.Percent(row.BusyS/(row.Servers*r.DurationS))
		}
		parts = append(parts, words)
	}
	return parts
}

func tellDropOff(r report.Report) (parts []string) {
	for i, row := range r.Funnel {
		if row.Entered == 0 {
			continue
		}
		words := row.Step + ": " + units.Percent(row.Passed/row.Entered) + " passed"
		if i+1 < len(r.Funnel) && row.Passed > 0 {
			words += ", " + units.Percent(min(1, r.Funnel[i+1].Entered/row.Passed)) + " of them went on"
		}
		parts = append(parts, words)
	}
	return parts
}

func tellWaitingRooms(r report.Report) (parts []string) {
	for _, room := range waitingRooms(r.Series.Stations) {
		last := len(room.TS) - 1
		parts = append(parts, fmt.Sprintf("%s: %s people came, at most %s waited, %s were let in, the longest expected wait was %s", strings.TrimPrefix(room.Name, "step:"),
			units.Number(float64(room.Arrivals[last])), units.Number(largest(floats(room.Queued))), units.Number(float64(room.Completions[last])), units.Time(largest(waits(room)))))
	}
	return parts
}
