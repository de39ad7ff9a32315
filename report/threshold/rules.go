package threshold

import (
	"slices"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// Rules holds what a run is judged by.
type Rules struct {
	Conditions []Condition // see [ParseAll]
	Validity   Validity
	Ended      string // why the run ended early; empty if it ran to its end
}

// Judge returns the assembled report with its thresholds, its verdict and the warnings of a strained
// generator. Clock returns the scenario time at a real time; nil means the two are equal.
//
// Note: only the recording holds the response times within a window; [Judge] alone cannot evaluate them.
func (r Rules) Judge(assembled report.Report, recording *recorder.Recording, clock func(realTime time.Duration) time.Duration) report.Report {
	if clock == nil {
		clock = func(realTime time.Duration) time.Duration { return realTime }
	}
	assembled.Warnings = append(assembled.Warnings, r.Validity.warnings(assembled)...)
	return Ended(Judge(assembled, measured(r.Conditions, recording, clock, true), r.Validity), r.Ended)
}

// measured returns the conditions, with the figures of those on response times within a window filled in from
// the recording, and with an interval if one is asked for. If the recording lacks them, judging gives the reason.
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

// Ended gives no verdict on a run that ended early, because the rest of its load is unknown. A threshold
// without a measurement is not broken. It changes nothing if the reason is empty.
func Ended(r report.Report, reason string) report.Report {
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
