package recorder

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/ombak-sim/ombak/report"
)

// runOf returns what all parts of one run have in common.
func runOf(p report.Part) report.Part {
	p.K = 0
	return p
}

// complete returns an error unless the reports are the parts of one run, each once. If no report names its
// part, known is false and only duplicates are detected.
func complete(parts []report.Report) (known bool, err error) {
	first := parts[0].Part
	seen := map[int]bool{}
	for i := range parts {
		part := parts[i].Part
		switch {
		case (part == nil) != (first == nil):
			return false, errors.New("some reports name their part of the run and others do not; merge " +
				"reports of ombak load --part K/N")
		case part == nil:
			for k := range parts[:i] {
				if sameReport(&parts[i], &parts[k]) {
					return false, fmt.Errorf("report %d is report %d again; name each part once", i+1, k+1)
				}
			}
			continue
		case runOf(*part) != runOf(*first):
			return false, fmt.Errorf("report %d differs from the first in window, scale, rate or number of "+
				"parts; merge parts of one run", i+1)
		case part.K < 1 || part.K > part.N:
			return false, fmt.Errorf("report %d is part %d/%d, which does not exist; merge reports of ombak "+
				"load --part K/N", i+1, part.K, part.N)
		case seen[part.K]:
			return false, fmt.Errorf("part %d/%d is given twice; name each part once", part.K, part.N)
		}
		seen[part.K] = true
	}
	if first == nil {
		return false, nil
	}
	for k := 1; k <= first.N; k++ {
		if !seen[k] {
			return false, fmt.Errorf("part %d/%d is missing; name each part once", k, first.N)
		}
	}
	return true, nil
}

// sameReport reports whether two reports come from the same run of the same generator. No two runs start at
// the same nanosecond.
func sameReport(a, b *report.Report) bool {
	if a.Started != nil && b.Started != nil {
		return a.Started.Equal(*b.Started)
	}
	return reflect.DeepEqual([]any{a.Started, a.DurationS, a.Offered, a.Histograms}, []any{b.Started, b.DurationS, b.Offered, b.Histograms})
}
