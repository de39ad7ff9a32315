package calibration

import (
	"math"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
)

// Lengths of the stretches that a run is cut into, in seconds.
const (
	shortestStretch = 2
	longestStretch  = 60
	rowsPerStep     = 4  // wanted
	manyResponses   = 20 // mean response times of the slowest step; see the note of workRows
)

// slowestMean returns the mean response time of the slowest step, in seconds.
func slowestMean(r report.Report) (slowest float64) {
	for _, row := range r.Steps {
		if row.ResponseTimeS != nil && !r.Awaits(row.Step) {
			slowest = max(slowest, row.ResponseTimeS.Mean)
		}
	}
	return slowest
}

// workRows cuts every run into stretches of nearly equal length. A report without readings of its processes is one
// stretch.
//
// Note: short stretches give many rows, and biased demands. A request that is answered in one stretch has worked in the
// one before too, which looks like an error of the counts: it makes dear steps too cheap and cheap ones too dear.
func workRows(name string, steps []reportStep, reports []report.Report) (runs []runRows) {
	measured := 0.
	for _, r := range reports {
		measured += r.DurationS
	}
	length := math.Round(min(longestStretch, max(shortestStretch, measured/float64(rowsPerStep*(len(steps)+1)))))
	for _, r := range reports {
		cut := stretches(name, steps, r, max(length, manyResponses*slowestMean(r)))
		if len(cut) == 0 {
			cut = []capacity.WorkRow{wholeRun(name, steps, r)}
		}
		run := runRows{run: r, rows: cut}
		for _, step := range steps {
			run.means, run.longMeans = append(run.means, meanServiceTime(step.name, r)), append(run.longMeans, longMeanServiceTime(step.name, r))
		}
		runs = append(runs, run)
	}
	return runs
}

func wholeRun(name string, steps []reportStep, r report.Report) capacity.WorkRow {
	process, _ := processOf(r, name)
	row := capacity.WorkRow{Busy: *process.CPUS, Length: r.DurationS, Counts: make([]float64, len(steps))}
	for _, step := range r.Steps {
		if k := indexOf(steps, step.Step); k >= 0 {
			row.Counts[k] = step.Requests
		}
	}
	return row
}

func indexOf(steps []reportStep, name string) int {
	return slices.IndexFunc(steps, func(s reportStep) bool { return s.name == name })
}

// stretches returns the CPU of a process and the attempts that were answered, for each stretch of the time that the
// readings cover.
func stretches(name string, steps []reportStep, r report.Report, length float64) (rows []capacity.WorkRow) {
	at := slices.IndexFunc(r.Series.Processes, func(p report.ProcessSeries) bool { return p.Name == name })
	if at < 0 || len(r.Series.Processes[at].TS) < 3 || len(r.Series.TS) == 0 {
		return nil
	}
	process := r.Series.Processes[at]
	used := report.Cumulative{At: process.TS, Total: process.CPUS}
	first, last := float64(r.Series.TS[0]), float64(r.Series.TS[len(r.Series.TS)-1]+r.Series.Width())
	begin, end := max(math.Ceil(process.TS[0]), first-length), min(math.Floor(process.TS[len(process.TS)-1]), last+length)
	parts := max(1, math.Floor((end-begin)/length))
	for k := range int(parts) { // whole seconds, because counts are of whole seconds
		from, to := begin+math.Round(float64(k)*(end-begin)/parts), begin+math.Round(float64(k+1)*(end-begin)/parts)
		busy, known := used.Between(from, to)
		if !known {
			continue
		}
		row := capacity.WorkRow{Busy: max(0, busy), Length: to - from, Counts: make([]float64, len(steps))}
		for _, series := range r.Series.Steps {
			if k := indexOf(steps, series.Step); k >= 0 {
				row.Counts[k] = countBetween(r.Series, series.Requests, from, to)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// countBetween returns what was counted between two instants. Of rows that lie partly between them, the same part counts.
func countBetween(s report.Series, counts []int64, from, to float64) (sum float64) {
	width := float64(s.Width())
	for k, second := range s.TS {
		if inside := min(to, float64(second)+width) - max(from, float64(second)); k < len(counts) && inside > 0 {
			sum += float64(counts[k]) * inside / width
		}
	}
	return sum
}
