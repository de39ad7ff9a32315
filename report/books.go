package report

import (
	"fmt"
	"math"

	"github.com/ombak-sim/ombak/units"
)

// Check returns every sum in the report's books that does not balance, or none if all do.
func Check(report Report) (faults []string) {
	offered := report.Offered
	if missing := offered.Scheduled - offered.Sent - offered.Dropped - offered.Lost; !same(offered.Scheduled, offered.Scheduled-missing) {
		faults = append(faults, fmt.Sprintf("of %s people scheduled, %s were sent and %s dropped: %s are unaccounted for",
			units.Count(offered.Scheduled), units.Count(offered.Sent), units.Count(offered.Dropped), units.Count(missing)))
	}
	if report.Steady == nil && exceeds(offered.Completed, offered.Sent) { // after a warm-up some who complete began before it
		faults = append(faults, fmt.Sprintf("%s people completed their way but only %s were sent",
			units.Count(offered.Completed), units.Count(offered.Sent)))
	}
	steps := make(map[string]StepRow, len(report.Steps))
	for _, step := range report.Steps {
		steps[step.Step] = step
	}
	for _, row := range report.Funnel {
		faults = append(faults, row.check(steps[row.Step])...)
	}
	return faults
}

// Settled returns the number of people who have finished the step.
func (r FunnelRow) Settled() float64 {
	return r.Passed + r.Declined + r.Abandoned + r.Rejected + r.Failed + r.TimedOut
}

// check compares the people of a step with each other and with its attempts.
func (r FunnelRow) check(step StepRow) (faults []string) {
	requests, visits := step.Requests, r.Entered
	if step.Visits != nil {
		visits = *step.Visits
	}
	if r.Unfinished < -tolerance(r.Entered) || !same(r.Entered, r.Settled()+r.Unfinished) {
		faults = append(faults, fmt.Sprintf("%s people entered %s but the outcomes add up to %s",
			units.Count(r.Entered), r.Step, units.Count(r.Settled()+max(r.Unfinished, 0))))
	}
	if exceeds(r.Entered, visits) {
		faults = append(faults, fmt.Sprintf("%s people entered %s but it had only %s visits", units.Count(r.Entered), r.Step, units.Count(visits)))
	}
	first := requests - r.Retries
	if exceeds(first, visits) {
		faults = append(faults, fmt.Sprintf("%s people entered %s but %s first attempts were sent",
			units.Count(visits), r.Step, units.Count(first)))
	}
	if exceeds(r.Settled(), requests) {
		faults = append(faults, fmt.Sprintf("%s people are through with %s but only %s attempts were sent",
			units.Count(r.Settled()), r.Step, units.Count(requests)))
	}
	return faults
}

// tolerance allows for rounding in means over replications. Whole numbers must match exactly.
func tolerance(value float64) float64 { return 1e-9 * max(1, math.Abs(value)) }

func same(a, b float64) bool { return math.Abs(a-b) <= tolerance(a) }

func exceeds(a, b float64) bool { return a > b+tolerance(b) }
