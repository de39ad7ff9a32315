package report

import (
	"math"
	"slices"
)

// mergedSeries adds the columns of all parts, second by second.
func mergedSeries(parts []Report) Series {
	total := Series{Note: parts[0].Series.Note}
	var earliest, latest int64 = math.MaxInt64, math.MinInt64
	for _, part := range parts {
		if t := part.Series.TS; len(t) > 0 {
			earliest, latest = min(earliest, t[0]), max(latest, t[len(t)-1])
		}
		if total.Stations == nil {
			total.Stations = part.Series.Stations // every part watches the same service
		}
	}
	for _, step := range parts[0].Funnel {
		total.Steps = append(total.Steps, StepSeries{Step: step.Step})
	}
	if earliest > latest {
		return total
	}
	rows := int(latest-earliest) + 1
	total.TS, total.ScenarioS, total.Scheduled = make([]int64, rows), make([]float64, rows), make([]int64, rows)
	for i := range rows {
		total.TS[i] = earliest + int64(i)
	}
	for i := range total.Steps {
		total.Steps[i].grow(rows)
	}
	for _, part := range parts {
		total.add(part.Series)
	}
	total.Heat = mergedHeats(parts)
	return total
}

// grow gives every column so many rows.
func (s *StepSeries) grow(rows int) {
	for _, column := range s.columns() {
		*column = make([]int64, rows)
	}
	for _, column := range s.quantileColumns() {
		*column = slices.Repeat(Column{math.NaN()}, rows)
	}
}

func (s *StepSeries) columns() []*[]int64 {
	return []*[]int64{&s.Entered, &s.Requests, &s.Passed, &s.Declined, &s.Rejected, &s.Failed, &s.TimedOut, &s.Abandoned}
}

func (s *StepSeries) quantileColumns() []*Column { return []*Column{&s.P50, &s.P95, &s.P99} }

// add adds the series of a part, whose seconds lie within.
func (s *Series) add(part Series) {
	for i, second := range part.TS {
		row := int(second - s.TS[0])
		if row < 0 || row >= len(s.TS) {
			continue // the seconds of a damaged report do not follow each other
		}
		s.ScenarioS[row] = part.ScenarioS[i]
		s.Scheduled[row] += part.Scheduled[i]
		for k := range s.Steps {
			for _, from := range part.Steps {
				if from.Step == s.Steps[k].Step {
					s.Steps[k].addRow(row, from, i)
				}
			}
		}
	}
}

func (s *StepSeries) addRow(row int, from StepSeries, i int) {
	alone := s.Requests[row] == 0
	had := from.Requests[i] > 0
	for k, column := range s.columns() {
		(*column)[row] += from.counts()[k][i]
	}
	for k, column := range s.quantileColumns() {
		switch {
		case had && alone:
			(*column)[row] = from.quantiles()[k][i]
		case had:
			(*column)[row] = math.NaN()
		}
	}
}
