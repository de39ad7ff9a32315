package plots

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/report"
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
		parts = append(parts, fmt.Sprintf("%s people came to %s", thousands(row.Entered), row.Step),
			fmt.Sprintf("at most %s passed in one minute", thousands(row.PeakPassedPerMin)))
		for _, outcome := range outcomes(row) {
			if outcome.count > 0 {
				parts = append(parts, thousands(outcome.count)+" "+outcome.name)
			}
		}
	}
	for _, queue := range longest(r.Series, newBins(r.Series)) {
		parts = append(parts, fmt.Sprintf("at most %s at %s at one time", thousands(largest(queue.waiting)), queue.name))
	}
	return parts
}

func tellThroughput(r report.Report) (parts []string) {
	for _, row := range r.Funnel {
		if row.Passed > 0 {
			parts = append(parts, fmt.Sprintf("%s passed at most %s in one minute", row.Step, thousands(row.PeakPassedPerMin)))
		}
	}
	return parts
}

func tellTimes(r report.Report) (parts []string) {
	for _, row := range r.Steps {
		if q := row.ResponseTimeS; q != nil {
			parts = append(parts, fmt.Sprintf("%s: half within %s, 95%% within %s, 99%% within %s", row.Step, about(q.P50), about(q.P95), about(q.P99)))
		}
	}
	return parts
}

// about is a time to three significant digits, which is as much as one reads.
func about(seconds float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(seconds, 'g', 3, 64), 64)
	if err != nil {
		return duration(seconds)
	}
	return duration(rounded)
}

func tellStations(r report.Report) (parts []string) {
	for _, row := range r.Stations {
		words := fmt.Sprintf("%s: at most %s waited", row.Name, thousands(row.QueueMax))
		if row.Servers > 0 && r.DurationS > 0 {
			words += ", in use " + percent(row.BusyS/(row.Servers*r.DurationS))
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
		words := row.Step + ": " + percent(row.Passed/row.Entered) + " passed"
		if i+1 < len(r.Funnel) && row.Passed > 0 {
			words += ", " + percent(min(1, r.Funnel[i+1].Entered/row.Passed)) + " of them went on"
		}
		parts = append(parts, words)
	}
	return parts
}

func tellWaitingRooms(r report.Report) (parts []string) {
	for _, room := range waitingRooms(r.Series.Stations) {
		last := len(room.TS) - 1
		parts = append(parts, fmt.Sprintf("%s: %s people came, at most %s waited, %s were let in, the longest expected wait was %s", strings.TrimPrefix(room.Name, "step:"),
			thousands(float64(room.Arrivals[last])), thousands(largest(floats(room.Queued))), thousands(float64(room.Completions[last])), about(largest(waits(room)))))
	}
	return parts
}
