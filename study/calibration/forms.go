package calibration

import (
	"math"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
)

// form says what a process does besides the requests of steps, and what requests share. The zero value is constant demands
// and nothing besides.
type form struct {
	uses       []bool  // per step: it works on the process; nil means all
	within     float64 // seconds of a window whose requests share work; 0 means none
	saved      float64 // share of their work that the requests of a window after the first are spared; 0 means that each window has work of its own
	connection bool    // opening a connection costs work
	handshake  bool    // so does a full TLS handshake in addition
}

// Names of the kinds of work besides those of steps.
const (
	windowKind     = "window"
	connectionKind = "connection"
	handshakeKind  = "handshake"
)

// kinds returns the names of the kinds of work besides those of steps, in the order of their counts in rows.
func (f form) kinds() (names []string) {
	if f.within > 0 && f.saved == 0 {
		names = append(names, windowKind)
	}
	if f.connection {
		names = append(names, connectionKind)
	}
	if f.handshake {
		names = append(names, handshakeKind)
	}
	return names
}

// windows returns how many windows begin for each request at a rate per second: the first of each finds none open, and
// people come independently.
func (f form) windows(rate float64) float64 { return 1 / (1 + rate*f.within) }

// leftIn returns the share of their demands that requests of a run took on average.
func (f form) leftIn(run runRows) float64 {
	if f.saved == 0 {
		return 1
	}
	return 1 - f.saved*(1-f.windows(f.users(wholeOf(run))))
}

// users returns the requests per second that work on the process, in a stretch.
func (f form) users(row capacity.WorkRow) float64 {
	users := 0.
	for k, count := range row.Counts {
		if f.uses == nil || f.uses[k] {
			users += count
		}
	}
	return users / row.Length
}

// wholeOf returns all stretches of a run as one.
func wholeOf(run runRows) capacity.WorkRow {
	whole := capacity.WorkRow{Counts: make([]float64, len(run.means))}
	for _, row := range run.rows {
		whole.Busy, whole.Length = whole.Busy+row.Busy, whole.Length+row.Length
		for k, count := range row.Counts {
			whole.Counts[k] += count
		}
	}
	return whole
}

// row returns a stretch of a run with the counts of all kinds of work.
func (f form) row(row capacity.WorkRow, r report.Report) capacity.WorkRow {
	whole := capacity.WorkRow{Busy: row.Busy, Length: row.Length, Counts: slices.Clone(row.Counts)}
	all := 0.
	for _, count := range row.Counts {
		all += count
	}
	if f.within > 0 {
		users := f.users(row)
		share := f.windows(users)
		if f.saved == 0 {
			whole.Counts = append(whole.Counts, share*users*row.Length)
		}
		for k := range row.Counts {
			whole.Counts[k] *= 1 - f.saved*(1-share)
		}
	}
	if f.connection {
		whole.Counts = append(whole.Counts, openedPerRequest(r)*all)
	}
	if f.handshake {
		whole.Counts = append(whole.Counts, handshakesPerRequest(r)*all)
	}
	return whole
}

// runRows are the stretches of one run.
type runRows struct {
	run   report.Report
	rows  []capacity.WorkRow
	means []float64 // service times of steps without the longest hundredth, in seconds; +Inf where they are not known

	longMeans []float64 // likewise, with the longest hundredth
}

// of returns all stretches with the counts of a form.
func (f form) of(runs []runRows) (rows []capacity.WorkRow) {
	for _, run := range runs {
		for _, row := range run.rows {
			rows = append(rows, f.row(row, run.run))
		}
	}
	return rows
}

// workIn returns the work of a row that a fit foretells.
func workIn(work capacity.Work, row capacity.WorkRow) float64 {
	total := work.Idle * row.Length
	for k, kind := range work.Kinds {
		if kind.Seconds > 0 {
			total += kind.Seconds * row.Counts[k]
		}
	}
	return total
}

// missOf returns by which share the foretold work of a run differs from what it did.
func (f form) missOf(work capacity.Work, run runRows) float64 {
	foretold, did := 0., 0.
	for _, row := range run.rows {
		foretold, did = foretold+workIn(work, f.row(row, run.run)), did+row.Busy
	}
	if !(did > 0) {
		return 0
	}
	return foretold/did - 1
}

// rootMeanSquare returns the root of the mean square.
func rootMeanSquare(values []float64) float64 {
	sum := 0.
	for _, v := range values {
		sum += v * v
	}
	return math.Sqrt(sum / float64(max(1, len(values))))
}

// weightedMiss returns the sum of the squares by which rows differ from a fit, each over what it foretells: work of more
// requests varies more.
func weightedMiss(work capacity.Work, rows []capacity.WorkRow) (sum float64) {
	foretold, total := make([]float64, len(rows)), 0.
	for i, row := range rows {
		foretold[i] = workIn(work, row)
		total += foretold[i] / float64(len(rows))
	}
	for i, row := range rows {
		sum += math.Pow(row.Busy-foretold[i], 2) / max(foretold[i], 0.05*total, math.SmallestNonzeroFloat64)
	}
	return sum
}
