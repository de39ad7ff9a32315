package redline

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Level is one load that was played.
type Level struct {
	Name        string        // of its folder, relative to the redline's own
	Rate        float64       // people offered per second
	Concurrency int           // people kept under way; 0 in an open loop
	For         time.Duration // how long the rate was offered; 0 in a closed loop
	Report      report.Report
}

// Held reports whether the level met all thresholds.
func (l Level) Held() bool { return l.Report.Verdict == report.Pass }

// outcome returns what the level says about its rate.
func (l Level) outcome(step string) Outcome {
	switch {
	case l.Report.Verdict == report.Invalid:
		return Invalid
	case l.Refusals(step) != "":
		return Refused
	case l.Report.Verdict == report.Inconclusive:
		return Undecided
	case l.Held():
		return Held
	case l.crowded():
		return Crowded
	}
	return Broke
}

// crowdedShare is the share of the machine's cores from which programs outside the run may have broken a level.
const crowdedShare = 0.25

// crowded reports whether programs outside the run took so much of the machine's CPU that the level may have broken for
// that reason.
func (l Level) crowded() bool {
	machine := l.Report.Machine
	return machine != nil && machine.Usage != nil && machine.Usage.OthersCores > crowdedShare*float64(machine.CPUs)
}

// Refusals says that most answers at a step were a correct no, or those at any step a refusal of data that the service has
// already. It is "" if they were not. At other steps a correct no may be usual. The statuses are those of RFC 9110: 400, 409 and 422 refuse what was sent, whatever the load.
func (l Level) Refusals(step string) string {
	const fewest = 10
	for i, row := range l.Report.Funnel {
		if row.Entered < fewest || i >= len(l.Report.Steps) {
			continue
		}
		refused, reasons := 0., l.Report.Steps[i].Reasons
		if row.Step == step {
			refused = row.Declined
		}
		if row.Failed > row.Entered/2 {
			refused += min(row.Failed, reasons["400"]+reasons["409"]+reasons["422"])
		}
		if refused > row.Entered/2 {
			return fmt.Sprintf("the service declined or refused %s of %s people at %s", units.Count(refused), units.Count(row.Entered), row.Step)
		}
	}
	return ""
}

// WhyAt returns that most people were refused at the step, or else what Why does.
func (l Level) WhyAt(step string) string {
	if refused := l.Refusals(step); refused != "" && l.Report.Verdict != report.Invalid {
		return "refused: " + refused
	}
	return l.Why()
}

// Why returns the first threshold that broke, why the run is invalid, or else the verdict.
func (l Level) Why() string {
	if len(l.Report.Invalid) > 0 {
		return "invalid: " + l.Report.Invalid[0]
	}
	if l.Report.Verdict == report.Inconclusive {
		for _, threshold := range l.Report.Thresholds {
			if threshold.Verdict == report.Inconclusive {
				return "undecided: " + threshold.Source + prefixed(": ", threshold.Reason)
			}
		}
	}
	for _, threshold := range l.Report.Thresholds {
		if threshold.Verdict == report.Fail && threshold.Severity != "warn" {
			return threshold.Source + prefixed(": ", threshold.Reason)
		}
	}
	return string(l.Report.Verdict)
}

func prefixed(lead, text string) string {
	if text == "" {
		return ""
	}
	return lead + text
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

// waited returns the mean response time of a person who comes to a step, in it and all others at which people wait for an
// answer.
func (l Level) waited(at report.StepRow) (seconds float64) {
	came := max(at.ThroughputPerS, at.GoodputPerS)
	for _, row := range l.Report.Steps {
		if row.ResponseTimePassedS != nil && !l.Report.Awaits(row.Step) && came > 0 {
			seconds += row.ResponseTimePassedS.Mean * max(row.ThroughputPerS, row.GoodputPerS) / came
		}
	}
	return seconds
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
