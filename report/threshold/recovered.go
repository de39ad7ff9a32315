package threshold

import (
	"errors"
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// recovery is the figure's name in a threshold.
const recovery = "recovery"

var errNeverRecovered = errors.New("it never recovered: it was in trouble for as long as people came")

// recovered returns the recovery of one step as a threshold judges it.
func recovered(r report.Report, step string) (figure, error) {
	if !slices.ContainsFunc(r.Series.Steps, func(s report.StepSeries) bool { return s.Step == step }) {
		return figure{}, errors.New("never measured: the series has no step " + step)
	}
	seconds, over := report.Recovery(r.Series, func(name string) bool { return name == step })
	if !over {
		return figure{}, errNeverRecovered
	}
	return figure{value: seconds}, nil
}
