package report

import (
	"errors"
	"slices"
)

// recovery is the word for it in a threshold.
const recovery = "recovery"

var errNeverRecovered = errors.New("it never recovered: it was in trouble for as long as people came")

// recovered is the recovery of one step as a threshold judges it.
func recovered(report Report, step string) (figure, error) {
	if !slices.ContainsFunc(report.Series.Steps, func(s StepSeries) bool { return s.Step == step }) {
		return figure{}, errors.New("never measured: the series has no step " + step)
	}
	seconds, over := Recovery(report.Series, func(name string) bool { return name == step })
	if !over {
		return figure{}, errNeverRecovered
	}
	return figure{value: seconds}, nil
}
