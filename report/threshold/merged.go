package threshold

import (
	"fmt"
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// JudgeMerged judges a run merged from its parts by the thresholds of the first part. A fault that makes a
// part invalid makes the whole invalid, except books that balance only over all parts.
func JudgeMerged(merged report.Report, parts []report.Report) report.Report {
	var conditions []Condition
	for _, threshold := range parts[0].Thresholds {
		condition, err := Parse(threshold.Source)
		if err != nil {
			merged.Warnings = append(merged.Warnings, fmt.Sprintf("the threshold %s is not judged: %v", threshold.Source, err))
			continue
		}
		condition.Severity = threshold.Severity
		conditions = append(conditions, condition)
	}
	merged = Judge(merged, conditions, Validity{})
	for i, part := range parts {
		own := report.Check(part)
		for _, reason := range part.Invalid {
			if !slices.Contains(own, reason) {
				merged.Invalid = append(merged.Invalid, fmt.Sprintf("part %d: %s", i+1, reason))
				merged.Verdict = report.Invalid
			}
		}
	}
	return merged
}
