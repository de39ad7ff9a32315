package report

import (
	"fmt"
	"math"
)

// Check returns every sum in the report's own books that does not add up; none when all do.
func Check(report Report) (faults []string) {
	offered := report.Offered
	if !same(offered.Scheduled, offered.Sent+offered.Dropped) {
		faults = append(faults, fmt.Sprintf("of %s people scheduled, %s were sent and %s dropped: %s are unaccounted for",
			thousands(offered.Scheduled), thousands(offered.Sent), thousands(offered.Dropped),
			thousands(offered.Scheduled-offered.Sent-offered.Dropped)))
	}
	if exceeds(offered.Completed, offered.Sent) {
		faults = append(faults, fmt.Sprintf("%s people completed their way but only %s were sent",
			thousands(offered.Completed), thousands(offered.Sent)))
	}
	requests := make(map[string]float64, len(report.Steps))
	for _, step := range report.Steps {
		requests[step.Step] = step.Requests
	}
	for _, row := range report.Funnel {
		faults = append(faults, row.check(requests[row.Step])...)
	}
	return faults
}

// settled counts the people who are through with the step.
func (r FunnelRow) settled() float64 {
	return r.Passed + r.Declined + r.Abandoned + r.Rejected + r.Failed + r.TimedOut
}

// check compares the people of a step with each other and with its attempts.
func (r FunnelRow) check(requests float64) (faults []string) {
	if r.Unfinished < -tolerance(r.Entered) || !same(r.Entered, r.settled()+r.Unfinished) {
		faults = append(faults, fmt.Sprintf("%s people entered %s but the outcomes add up to %s",
			thousands(r.Entered), r.Step, thousands(r.settled()+max(r.Unfinished, 0))))
	}
	first := requests - r.Retries
	if exceeds(first, r.Entered) {
		faults = append(faults, fmt.Sprintf("%s people entered %s but %s first attempts were sent",
			thousands(r.Entered), r.Step, thousands(first)))
	}
	if exceeds(r.settled(), requests) {
		faults = append(faults, fmt.Sprintf("%s people are through with %s but only %s attempts were sent",
			thousands(r.settled()), r.Step, thousands(requests)))
	}
	return faults
}

// tolerance lets means over replications differ by rounding; whole numbers must agree.
func tolerance(value float64) float64 { return 1e-9 * max(1, math.Abs(value)) }

func same(a, b float64) bool { return math.Abs(a-b) <= tolerance(a) }

func exceeds(a, b float64) bool { return a > b+tolerance(b) }
