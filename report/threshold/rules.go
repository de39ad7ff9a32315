package threshold

import (
	"slices"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// Rules are what a run is judged by.
type Rules struct {
	Conditions []Condition // see [ParseAll]
	Validity   Validity
	Ended      string // why the run was not carried out to its end; empty if it was
}

// Judge returns the report that was assembled from a recording with its thresholds, its verdict and the
// warnings of a strained generator. Clock gives the scenario time at a real time; nil means the same.
//
// Note: only the recording knows the response times within a window; [Judge] alone cannot tell them.
func (r Rules) Judge(assembled report.Report, recording *recorder.Recording, clock func(realTime time.Duration) time.Duration) report.Report {
	if clock == nil {
		clock = func(realTime time.Duration) time.Duration { return realTime }
	}
	assembled.Warnings = append(assembled.Warnings, r.Validity.warnings(assembled)...)
	return ended(Judge(assembled, measured(r.Conditions, recording, clock, true), r.Validity), r.Ended)
}

// measured returns the conditions, those on response times within a window with what the recording
// knows of them, with an interval if asked for. If it knows nothing, judging says why.
func measured(conditions []Condition, recording *recorder.Recording, clock func(time.Duration) time.Duration, interval bool) []Condition {
	conditions = slices.Clone(conditions)
	for i, condition := range conditions {
		if !condition.NeedsSeconds() {
			continue
		}
		known, err := condition.inWindow(recording, clock, interval)
		if conditions[i].unknown = err; err == nil {
			conditions[i].known = &known
		}
	}
	return conditions
}

// ended gives no verdict on a run that was not carried out to its end: nobody knows who would have come.
// A threshold that had nothing to judge by broke nothing.
func ended(r report.Report, reason string) report.Report {
	if reason == "" {
		return r
	}
	r.Verdict, r.Invalid = report.Invalid, slices.Concat([]string{reason}, r.Invalid)
	for i := range r.Thresholds {
		if judged := &r.Thresholds[i]; judged.Value == nil {
			judged.Verdict, judged.Reason = report.Inconclusive, "not measured: the run ended before its time"
		}
	}
	return r
}
