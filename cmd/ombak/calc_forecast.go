package main

import (
	"errors"
	"fmt"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
)

// computeForecast predicts the funnel of people who have not come yet from reports.
func computeForecast(in *inputs) (answer, error) {
	people, peak := in.number("people"), 0.0
	if in.c.IsSet("peak-per-minute") {
		peak = in.number("peak-per-minute")
	}
	if in.fault != nil {
		return answer{}, in.fault
	}
	if in.c.NArg() == 0 {
		return answer{}, errors.New("name one report or more: files, folders or patterns")
	}
	var reports []report.Report
	for _, name := range in.c.Args().Slice() {
		some, err := readReports(name)
		if err != nil {
			return answer{}, err
		}
		reports = append(reports, some...)
	}
	forecast, err := capacity.ForecastFunnel(reports, people, peak)
	if err != nil {
		return answer{}, err
	}
	entered, passed := map[string]float64{}, map[string]float64{}
	result := answer{values: map[string]any{"entered": entered, "passed": passed}, intervals: map[string]capacity.Interval{}, warnings: forecast.Warnings}
	result.notes = append(result.notes, "step: entered, passed (95 % of future runs)")
	for _, step := range forecast.Steps {
		entered[step.Step], passed[step.Step] = step.Entered.Mean, step.Passed.Mean
		result.intervals["entered "+step.Step], result.intervals["passed "+step.Step] = step.Entered.Interval, step.Passed.Interval
		result.notes = append(result.notes, fmt.Sprintf("%s: %s, %s", step.Step, spellExpected(step.Entered), spellExpected(step.Passed)))
	}
	return result, nil
}

func spellExpected(e capacity.Expected) string {
	return fmt.Sprintf("%.0f (%.0f to %.0f)", e.Mean, e.Interval[0], e.Interval[1])
}
