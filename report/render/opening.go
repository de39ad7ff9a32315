package render

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// fromOpening writes an instant of the scenario as the control room does: minutes and seconds from the opening, and the time
// of day if the scenario has one, as in 1:30 (19:01:30).
func fromOpening(seconds float64, opens time.Time) string {
	whole, sign := int(math.Floor(math.Abs(seconds)+1e-6)), ""
	if seconds < 0 {
		sign = "−"
	}
	text := fmt.Sprintf("%s%d:%02d", sign, whole/60, whole%60)
	if whole >= 3600 {
		text = fmt.Sprintf("%s%d:%02d:%02d", sign, whole/3600, whole/60%60, whole%60)
	}
	if opens.IsZero() {
		return text
	}
	at, format := opens.Add(time.Duration(math.Round(seconds*1000))*time.Millisecond), "15:04:05"
	if at.YearDay() != opens.YearDay() || at.Year() != opens.Year() {
		format = "2 Jan 15:04:05"
	}
	return text + " (" + at.Format(format) + ")"
}

// scenarioAt returns the instant of the scenario at a real time since the start of the run, in seconds, by the rows of the
// series and of the stations. Known is false for a report without them.
func scenarioAt(r report.Report, at float64) (seconds float64, known bool) {
	reals, clock := realRows(r)
	if len(reals) == 0 || len(clock) != len(reals) {
		return at, false
	}
	next, _ := slices.BinarySearch(reals, at)
	switch {
	case len(reals) == 1:
		return clock[0] + at - reals[0], true
	case next == 0: // before the first row people came as fast as in it
		next = 1
	case next == len(reals):
		next--
	}
	pace := (clock[next] - clock[next-1]) / max(1e-9, reals[next]-reals[next-1])
	return clock[next-1] + pace*(at-reals[next-1]), true
}

// realRows returns the real times of rows and the same instants on the scenario's clock, from the series with the most.
func realRows(r report.Report) (reals, clock []float64) {
	for _, second := range r.Series.TS {
		reals = append(reals, float64(second))
	}
	return reals, r.Series.ScenarioS
}

// openingOf writes the instant of an event of the timeline on the scenario's clock, or a dash if that is not known.
func openingOf(r report.Report, event report.Event) string {
	seconds, known := scenarioAt(r, event.AtS)
	if !known {
		return "–"
	}
	return fromOpening(math.Round(seconds*1000)/1000, r.Scenario.Opens)
}
