package live

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Forecast is what a model foretells of the run.
type Forecast struct {
	Says    string             `json:"says,omitempty"`    // what is known or being worked out, in a sentence
	With    *report.Prediction `json:"with,omitempty"`    // with all actions so far
	Without *report.Prediction `json:"without,omitempty"` // without the last action
}

// Foretell shows a forecast. Later rows are compared with it.
func (b *Board) Foretell(forecast Forecast) {
	text, err := json.Marshal(forecast)
	if err != nil {
		return // a prediction holds only numbers; others would be a defect of its maker, and are not shown
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forecast = text
	b.foretold++
	if forecast.With != nil {
		b.compare.prediction = forecast.With
	}
	b.tell()
}

// comparison compares rows with a prediction.
type comparison struct {
	prediction *report.Prediction
	row        int                // of the prediction, that is being measured
	sums       map[string]float64 // of figures times seconds; the greatest value of a time
	length     float64            // seconds measured in the row
	outside    map[string]int     // rows in sequence outside the range
}

// add measures a row, and returns the marks of figures that have been outside their range for too long.
func (c *comparison) add(row report.Second) (marks []report.SecondMark) {
	if c.prediction == nil || !(c.prediction.WidthS > 0) {
		return nil
	}
	if c.sums == nil {
		c.sums, c.outside = map[string]float64{}, map[string]int{}
	}
	names := make([]string, 0, len(c.prediction.Figures))
	for name := range c.prediction.Figures {
		names = append(names, name)
	}
	middle := row.AtS - row.ForS/2
	if now := int(math.Floor(middle / c.prediction.WidthS)); now != c.row {
		marks = c.close(row.AtS, row.ScenarioS)
		c.row = now
	}
	c.length += row.ForS
	for name, value := range report.FiguresOf(row, names) {
		switch {
		case math.IsNaN(value):
		case isTime(name):
			c.sums[name] = max(c.sums[name], value)
		default:
			c.sums[name] += value * row.ForS
		}
	}
	return marks
}

func isTime(name string) bool { return strings.HasSuffix(name, "/p99") }

// close judges the row that has been measured, and begins the next.
func (c *comparison) close(at, scenario float64) (marks []report.SecondMark) {
	for name, ranges := range c.prediction.Figures {
		sum, known := c.sums[name]
		if known && !isTime(name) && c.length > 0 {
			sum /= c.length
		}
		if isTime(name) && c.prediction.WidthS > 1 { // a quantile of a longer row is another figure
			known = false
		}
		if !known || !ranges.Outside(c.row, sum) {
			c.outside[name] = 0
			continue
		}
		if c.outside[name]++; c.outside[name] == max(1, c.prediction.Streak) {
			length := float64(c.outside[name]) * c.prediction.WidthS
			marks = append(marks, report.SecondMark{
				Event:     report.Event{AtS: at, Kind: funnel.NoteMark, Text: fmt.Sprintf("%s: outside the prediction for %.0f s", titleOf(c.prediction, name), length)},
				ScenarioS: scenario,
			})
		}
	}
	c.sums, c.length = map[string]float64{}, 0
	return marks
}

func titleOf(prediction *report.Prediction, name string) string {
	if title := prediction.Title[name]; title != "" {
		return title
	}
	return name
}
