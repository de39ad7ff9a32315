package recorder

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/ombak-sim/ombak/report"
)

// runOf is what all parts of one run have in common.
func runOf(p report.Part) report.Part {
	p.K = 0
	return p
}

// complete says what keeps the reports from being the parts of one run, each once. Where none says which
// part it is, all that can be told is whether one is there twice; known is false then.
func complete(parts []report.Report) (known bool, err error) {
	first := parts[0].Part
	seen := map[int]bool{}
	for i := range parts {
		part := parts[i].Part
		switch {
		case (part == nil) != (first == nil):
			return false, errors.New("some reports say which part of the run they are and others do not; merge reports of ombak load --part K/N")
		case part == nil:
			for k := range parts[:i] {
				if sameReport(&parts[i], &parts[k]) {
					return false, fmt.Errorf("report %d is report %d again; name each part once", i+1, k+1)
				}
			}
			continue
		case runOf(*part) != runOf(*first):
			return false, fmt.Errorf("report %d is of another window, scale or rate, or of another number of parts, than the first; merge parts of one run", i+1)
		case part.K < 1 || part.K > part.N:
			return false, fmt.Errorf("report %d says that it is part %d/%d, which does not exist; merge reports of ombak load --part K/N", i+1, part.K, part.N)
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

// sameReport reports whether two reports are of one generator's one run: no two start at the same nanosecond.
func sameReport(a, b *report.Report) bool {
	if a.Started != nil && b.Started != nil {
		return a.Started.Equal(*b.Started)
	}
	return reflect.DeepEqual([]any{a.Started, a.DurationS, a.Offered, a.Histograms}, []any{b.Started, b.DurationS, b.Offered, b.Histograms})
}
