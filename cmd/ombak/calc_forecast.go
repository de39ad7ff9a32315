package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
)

func forecast() formula {
	return formula{
		name: "forecast", summary: "the expected funnel of future people, from reports or from counts over time",
		source:    "reports: beta-binomial prediction, Gelman et al., Bayesian Data Analysis, 2013, section 2.4; runs that differ: Hahn, Meeker, Statistical Intervals, 1991, chapter 4; counts: cure model, Farewell, Biometrics 38, 1982, by discrete hazards, Lawless, Canadian Journal of Statistics 22, 1994",
		example:   "REPORT… --people 2000000 --peak-per-minute 90000",
		arguments: "REPORT…",
		flags: append([]cli.Flag{
			numberFlag("people", "number of future people, `N`"),
			numberFlag("peak-per-minute", "their peak per minute, `N`; a warning is printed if no report reached it"),
		}, countsFlags()...),
		figures: []figure{
			{"entered", "", "people who enter each step"},
			{"passed", "", "people who pass each step"},
			{"ci95", "", "95 % prediction intervals of both"},
			{"going_on", "", "with --counts, for each pair of steps: from, to, share who ever go on, interval90, median_s until they do, families with their weights"},
			{"ahead", "", "with --counts, for each time and step: at_s, step, passed, interval90, and assumed, the share of the variance that is assumption, assumed_family and assumed_arrivals of it"},
		},
		compute: computeForecast,
	}
}

// computeForecast predicts the funnel of future people from reports.
func computeForecast(in *inputs) (answer, error) {
	if in.c.IsSet("counts") {
		return computeFromCounts(in)
	}
	for _, flag := range []string{"at", "arrivals-ahead", "o"} {
		if in.c.IsSet(flag) {
			return answer{}, fmt.Errorf("--%s belongs to a forecast from --counts; leave it out with reports", flag)
		}
	}
	people, peak := in.number("people"), 0.0
	if in.c.IsSet("peak-per-minute") {
		peak = in.number("peak-per-minute")
	}
	if in.fault != nil {
		return answer{}, in.fault
	}
	if in.c.NArg() == 0 {
		return answer{}, errors.New("name at least one report: a file, a folder or a pattern; or give --counts FILE")
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
	entered, passed := byStep{}, byStep{}
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

// byStep holds a value for each step. The notes print it, with the intervals, and the table does not.
type byStep map[string]float64
