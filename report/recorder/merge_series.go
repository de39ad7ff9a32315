package recorder

import (
	"math"
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// mergedSeries adds the columns of all parts, row by row. Rows are as wide as the widest.
func mergedSeries(parts []report.Report) report.Series {
	total := report.Series{Note: parts[0].Series.Note}
	var earliest, latest int64 = math.MaxInt64, math.MinInt64
	width := int64(1)
	for _, part := range parts {
		width = max(width, part.Series.Width())
	}
	if width > 1 {
		total.BinS = width
	}
	for _, part := range parts {
		if t := part.Series.TS; len(t) > 0 {
			earliest, latest = min(earliest, startOf(t[0], width)), max(latest, startOf(t[len(t)-1], width))
		}
		if total.Stations == nil {
			total.Stations = part.Series.Stations // every part observes the same service
		}
	}
	for _, step := range parts[0].Funnel {
		total.Steps = append(total.Steps, report.StepSeries{Step: step.Step})
	}
	if earliest > latest {
		return total
	}
	rows := int((latest-earliest)/width) + 1
	total.TS, total.ScenarioS, total.Scheduled = make([]int64, rows), make([]float64, rows), make([]int64, rows)
	for i := range rows {
		total.TS[i] = earliest + int64(i)*width
	}
	for i := range total.Steps {
		grow(&total.Steps[i], rows)
	}
	for _, part := range parts {
		addSeries(&total, part.Series)
	}
	total.Heat = mergedHeats(parts)
	return total
}

// grow extends every column to the given number of rows.
func grow(s *report.StepSeries, rows int) {
	for _, column := range columnsOf(s) {
		*column = make([]int64, rows)
	}
	for _, column := range quantileColumnsOf(s) {
		*column = slices.Repeat(report.Column{math.NaN()}, rows)
	}
}

func columnsOf(s *report.StepSeries) []*[]int64 {
	return []*[]int64{&s.Entered, &s.Requests, &s.Passed, &s.Declined, &s.Rejected, &s.Failed, &s.TimedOut, &s.Abandoned}
}

func quantileColumnsOf(s *report.StepSeries) []*report.Column {
	return []*report.Column{&s.P50, &s.P95, &s.P99}
}

// addSeries adds the series of a part, whose rows lie within s.
func addSeries(s *report.Series, part report.Series) {
	for i, second := range part.TS {
		row := int((startOf(second, s.Width()) - s.TS[0]) / s.Width())
		if row < 0 || row >= len(s.TS) {
			continue // the seconds of a damaged report are not consecutive
		}
		if s.TS[row] == second || s.ScenarioS[row] == 0 {
			s.ScenarioS[row] = part.ScenarioS[i] // of the row's beginning
		}
		s.Scheduled[row] += part.Scheduled[i]
		for k := range s.Steps {
			for _, from := range part.Steps {
				if from.Step == s.Steps[k].Step {
					addRow(&s.Steps[k], row, from, i)
				}
			}
		}
	}
}

func addRow(s *report.StepSeries, row int, from report.StepSeries, i int) {
	alone := s.Requests[row] == 0
	had := from.Requests[i] > 0
	for k, column := range columnsOf(s) {
		(*column)[row] += from.Counts()[k][i]
	}
	for k, column := range quantileColumnsOf(s) {
		switch {
		case had && alone:
			(*column)[row] = from.Quantiles()[k][i]
		case had:
			(*column)[row] = math.NaN()
		}
	}
}
