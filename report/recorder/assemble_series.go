package recorder

import (
	"math"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// series lays out every row from the first to the last in which anything happened.
func series(recording *Recording, facts Facts) report.Series {
	result := report.Series{Note: facts.SeriesNote, TS: []int64{}, ScenarioS: []float64{}, Scheduled: []int64{}}
	if recording.width > 1 {
		result.BinS = recording.width
	}
	for _, step := range recording.journey {
		result.Steps = append(result.Steps, report.StepSeries{Step: step.Name})
	}
	for i := range result.Steps {
		reserve(&result.Steps[i], len(recording.rows), recording.brief)
	}
	idle := &row{steps: make([]stepRow, len(recording.journey)), response: make([]Sparse, len(recording.journey))}
	for second := recording.earliest; second <= recording.latest; second += recording.width {
		row := recording.rows[second]
		if row == nil {
			row = idle
		}
		result.TS = append(result.TS, second)
		result.ScenarioS = append(result.ScenarioS, facts.Clock(time.Duration(second)*time.Second).Seconds())
		result.Scheduled = append(result.Scheduled, int64(row.scheduled))
		for i := range row.steps {
			addSecond(&result.Steps[i], &row.steps[i])
			if !recording.brief {
				addTimes(&result.Steps[i], row.response[i])
			}
		}
	}
	if !recording.brief {
		result.Heat = heats(recording)
	}
	result.Stations = stationSeries(facts.Readings, facts.Clock)
	result.Machine, result.Processes = facts.MachineSeries, facts.ProcessSeries
	return result
}

// reserve makes empty, non-nil columns with room for the given number of rows.
func reserve(s *report.StepSeries, rows int, brief bool) {
	for _, column := range columnsOf(s) {
		*column = make([]int64, 0, rows)
	}
	for _, column := range quantileColumnsOf(s) {
		if !brief {
			*column = make(report.Column, 0, rows)
		}
	}
}

func addSecond(s *report.StepSeries, row *stepRow) {
	people := func(outcome funnel.Outcome) int64 { return int64(row.people[outcome]) }
	s.Entered = append(s.Entered, int64(row.entered))
	s.Requests = append(s.Requests, int64(row.attempts))
	s.Passed = append(s.Passed, people(funnel.Completed))
	s.Declined = append(s.Declined, people(funnel.Declined))
	s.Rejected = append(s.Rejected, people(funnel.Rejected))
	s.Failed = append(s.Failed, people(funnel.Failed))
	s.TimedOut = append(s.TimedOut, people(funnel.TimedOut))
	s.Abandoned = append(s.Abandoned, people(funnel.Abandoned))
}

// addTimes appends the quantiles of the attempts of a second.
func addTimes(s *report.StepSeries, response Sparse) {
	p50, p95, p99 := math.NaN(), math.NaN(), math.NaN()
	if len(response) > 0 {
		at := response.quantiles(50, 95, 99)
		p50, p95, p99 = seconds(at[0]), seconds(at[1]), seconds(at[2])
	}
	s.P50, s.P95, s.P99 = append(s.P50, p50), append(s.P95, p95), append(s.P99, p99)
}
