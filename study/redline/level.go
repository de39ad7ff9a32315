package redline

import (
	"cmp"
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// Level is one load that was played.
type Level struct {
	Name        string  // of its folder, relative to the redline's own
	Rate        float64 // people offered per second
	Concurrency int     // people kept under way; 0 in an open loop
	Report      report.Report
}

// Held reports whether the level counts as one that held. A level with too little data counts as held,
// because its rate is low.
func (l Level) Held() bool {
	return l.Report.Verdict == report.Pass || l.Report.Verdict == report.Inconclusive
}

// Why returns the first threshold that broke, why the run is invalid, or else the verdict.
func (l Level) Why() string {
	if len(l.Report.Invalid) > 0 {
		return "invalid: " + l.Report.Invalid[0]
	}
	for _, threshold := range l.Report.Thresholds {
		if threshold.Verdict == report.Fail && threshold.Severity != "warn" {
			return threshold.Source
		}
	}
	return string(l.Report.Verdict)
}

// Passed returns how many people passed a step.
func (l Level) Passed(step string) float64 {
	for _, row := range l.Report.Funnel {
		if row.Step == step {
			return row.Passed
		}
	}
	return 0
}

// Step returns the row of a step, and whether there is one.
func (l Level) Step(step string) (report.StepRow, bool) {
	for _, row := range l.Report.Steps {
		if row.Step == step {
			return row, true
		}
	}
	return report.StepRow{}, false
}

// Finished returns how many people finished per second.
func (l Level) Finished() float64 {
	if l.Report.DurationS == 0 {
		return 0
	}
	return l.Report.Offered.Completed / l.Report.DurationS
}

// entry returns the level as it appears in the report of all levels.
func (l Level) entry() report.Level {
	entry := report.Level{OfferedPerS: l.Rate, Report: l.Name + "/report.json"}
	if l.Concurrency > 0 {
		entry.Concurrency, entry.ThroughputPerS = float64(l.Concurrency), l.Finished()
	}
	return entry
}

// entries returns all levels, the lowest rate first.
func entries(levels []Level) []report.Level {
	var all []report.Level
	for _, level := range levels {
		all = append(all, level.entry())
	}
	slices.SortStableFunc(all, func(a, b report.Level) int { return cmp.Compare(a.OfferedPerS, b.OfferedPerS) })
	return all
}
