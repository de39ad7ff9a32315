package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Series holds columns of equal length. Rows are consecutive: seconds, and longer pieces of time in runs of more than 24
// hours. Stations are read at instants of their own.
type Series struct {
	Note      string          `json:"note,omitempty"`
	BinS      int64           `json:"bin_s,omitempty"`      // seconds of a row; 0 means 1
	TS        []int64         `json:"t_s,omitempty"`        // start of the row, in real seconds since the start of the run
	ScenarioS []float64       `json:"scenario_s,omitempty"` // the same instant on the scenario's clock
	Scheduled []int64         `json:"scheduled,omitempty"`  // people whose intended start is in the row
	Steps     []StepSeries    `json:"steps,omitempty"`
	Stations  []StationSeries `json:"stations,omitempty"`
	Heat      []Heat          `json:"heat,omitempty"` // of the response time, by step; see [HeatBounds]

	Machine   *MachineSeries  `json:"machine,omitempty"`   // the whole machine; live runs only
	Processes []ProcessSeries `json:"processes,omitempty"` // parts of the run and watched processes; live runs only
}

// Width returns the seconds of a row.
func (s Series) Width() int64 { return max(1, s.BinS) }

// StepSeries counts, per row, people by their last attempt and attempts sent, by the time of the answer,
// and people entered, by the first intended instant. On journeys that are not one straight line, a person counts
// in every round. Quantiles are of the response times of all attempts
// sent, in seconds.
type StepSeries struct {
	Step      string  `json:"step"`
	Entered   []int64 `json:"entered"`
	Requests  []int64 `json:"requests"` // attempts
	Passed    []int64 `json:"passed"`
	Declined  []int64 `json:"declined"`
	Rejected  []int64 `json:"rejected"`
	Failed    []int64 `json:"failed"`
	TimedOut  []int64 `json:"timed_out"`
	Abandoned []int64 `json:"abandoned"`
	P50       Column  `json:"p50"`
	P95       Column  `json:"p95"`
	P99       Column  `json:"p99"`
}

// SeriesCounts returns the names of the columns of [StepSeries.Counts].
func SeriesCounts() []string {
	return []string{"entered", "requests", "passed", "declined", "rejected", "failed", "timed_out", "abandoned"}
}

// Counts returns the columns of counts, in the order of [SeriesCounts].
func (s StepSeries) Counts() [][]int64 {
	return [][]int64{s.Entered, s.Requests, s.Passed, s.Declined, s.Rejected, s.Failed, s.TimedOut, s.Abandoned}
}

// SeriesQuantiles returns the names of the columns of [StepSeries.Quantiles].
func SeriesQuantiles() []string { return []string{"p50", "p95", "p99"} }

// Quantiles returns the columns of quantiles, in the order of [SeriesQuantiles].
func (s StepSeries) Quantiles() []Column { return []Column{s.P50, s.P95, s.P99} }

// StationSeries is a station at each of its readings. Counts and times run from the start.
type StationSeries struct {
	Name        string    `json:"name"`
	TS          []float64 `json:"t_s"`
	ScenarioS   []float64 `json:"scenario_s"`
	Servers     []int64   `json:"servers"`
	Busy        []int64   `json:"busy"`   // servers in use
	Queued      []int64   `json:"queued"` // requests waiting
	Arrivals    []uint64  `json:"arrivals"`
	Completions []uint64  `json:"completions"`
	Rejections  []uint64  `json:"rejections"`
	BusyS       []float64 `json:"busy_s"`  // servers × seconds in use
	QueueS      []float64 `json:"queue_s"` // queued requests × seconds
}

// Column holds figures of which some may be unknown: NaN here, null in JSON.
type Column []float64

// MarshalJSON implements json.Marshaler.
func (c Column) MarshalJSON() ([]byte, error) {
	text := append(make([]byte, 0, 8*len(c)+2), '[')
	for i, value := range c {
		if i > 0 {
			text = append(text, ',')
		}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			text = append(text, "null"...)
		} else {
			text = strconv.AppendFloat(text, value, 'f', -1, 64)
		}
	}
	return append(text, ']'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Column) UnmarshalJSON(text []byte) error {
	var values []*float64
	if err := json.Unmarshal(text, &values); err != nil {
		return fmt.Errorf("a column of the series holds something other than numbers and null: %v", err) //nolint:errorlint // the type error inside is about the element, not the report
	}
	*c = make(Column, len(values))
	for i, value := range values {
		(*c)[i] = math.NaN()
		if value != nil {
			(*c)[i] = *value
		}
	}
	return nil
}
