package calibration

import (
	"fmt"
	"math"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// publishedPrefix begins the names of figures that were published and not measured.
const publishedPrefix = "published "

// validatePublished compares a simulated report with the scenario's hold-outs, which it shows beside its predictions.
func validatePublished(scenario *scenarios.Scenario, simulated report.Report) (Validation, error) {
	switch {
	case simulated.Scenario.Name != scenario.Name:
		return Validation{}, setup.Refuse("the report is of scenario %s, not of %s", simulated.Scenario.Name, scenario.Name)
	case len(simulated.Published) == 0:
		return Validation{}, setup.Refuse("the report is simulated and shows no published figure; give one of a live run, or simulate the first plan of a scenario with hold-outs")
	case simulated.Scenario.SHA256 != scenario.SHA256():
		return Validation{}, setup.Refuse("the report is of another version of scenario %s; simulate it again", scenario.Name)
	}
	v := Validation{Scenario: scenario.Name, Plan: simulated.Plan, Replications: simulated.Replications}
	v.addPublished(simulated.Published)
	return v, nil
}

// addPublished adds the hold-outs that can be compared, and a warning for each of the others. Counts may be wrong by
// as much as those of a live run, and times by as much as a median.
func (v *Validation) addPublished(rows []report.Published) {
	for _, row := range rows {
		if row.Predicted == nil || row.Error == nil && row.Reason != "" {
			v.Warnings = append(v.Warnings, fmt.Sprintf("published %s is not compared: %s", row.Figure, row.Reason))
			continue
		}
		figure, err := threshold.ParseFigure(row.Figure)
		if err != nil {
			continue // setup has parsed it
		}
		published, err := figure.ParseRange(row.Value)
		if err != nil {
			continue
		}
		p := Prediction{Figure: publishedPrefix + row.Figure, Predicted: *row.Predicted, Allowed: nearCount}
		if figure.IsTime() {
			p.Unit, p.Allowed = "s", nearMedian
		}
		p.Measured = min(max(p.Predicted, published.Low), published.High)
		p.Spread = [2]float64{published.Low, min(published.High, math.MaxFloat64)}
		miss, known := published.Error(p.Predicted)
		p.Error, p.Near = miss, known && math.Abs(miss) <= p.Allowed
		if !p.Near {
			p.Cause = "it is no input of the model; " + row.Source + " said it, " + row.At
			v.Wrong = append(v.Wrong, fmt.Sprintf("%s is predicted %s by %s: %s", p.Figure, map[bool]string{true: "too high", false: "too low"}[p.Predicted > p.Measured], p.errorText(math.Abs(p.Error)), p.Cause))
		}
		v.Figures = append(v.Figures, p)
	}
}
