package live

import (
	"encoding/json"
	"slices"
	"sort"

	"github.com/ombak-sim/ombak/report"
)

// How many rows a board holds, how many of the latest stay as they came, and how many pairs are merged at a time.
const (
	mostRows  = 24 * 60 * 60 // as a report
	tailRows  = 60 * 60
	mergeRows = 100
)

// row is one row as JSON, or several that follow each other and were merged.
type row struct {
	first, last int // numbers of the rows, from 1
	seconds     float64
	text        []byte
}

// rows are the rows of a run. When there are too many, those behind the last hour are merged, the oldest first, to rows of
// two seconds, then four and so on. Whoever has read up to a row in the last hour can go on there.
type rows struct {
	all   []row
	count int     // of rows that came
	width float64 // longest row that merging makes, in seconds
	next  int     // where merging goes on
}

// add adds a row.
func (r *rows) add(text []byte, seconds float64) {
	r.count++
	r.all = append(r.all, row{r.count, r.count, seconds, text})
	if len(r.all) > mostRows {
		r.merge(mergeRows)
	}
}

// merge merges a number of pairs. At the last hour it begins again with wider rows.
func (r *rows) merge(pairs int) {
	const slack = 1e-6 // seconds
	for pairs > 0 {
		edge := len(r.all) - tailRows
		if r.width == 0 || r.next+1 >= edge {
			r.width, r.next = max(2, 2*r.width), 0
		}
		kept, at := slices.Clone(r.all[:r.next]), r.next
		for ; pairs > 0 && at+1 < edge; at++ {
			if r.all[at].seconds+r.all[at+1].seconds > r.width+slack {
				kept = append(kept, r.all[at])
				continue
			}
			r.all[at+1] = joined(r.all[at], r.all[at+1])
			pairs--
		}
		r.next = len(kept)
		r.all = append(kept, r.all[at:]...)
	}
}

// joined merges two rows.
func joined(a, b row) row {
	var before, after report.Second
	text := b.text
	if json.Unmarshal(a.text, &before) == nil && json.Unmarshal(b.text, &after) == nil { // a board wrote them
		if both, err := json.Marshal(before.Join(after)); err == nil {
			text = both
		}
	}
	return row{a.first, b.last, a.seconds + b.seconds, text}
}

// after returns the rows after the one of a number. Whole is false if that row was merged with later ones, so that the rows
// after it cannot be told from it.
func (r *rows) after(seen int) (unseen []row, whole bool) {
	at := sort.Search(len(r.all), func(i int) bool { return r.all[i].last > seen })
	if at < len(r.all) && r.all[at].first <= seen {
		return slices.Clone(r.all), false
	}
	return slices.Clone(r.all[at:]), true
}
