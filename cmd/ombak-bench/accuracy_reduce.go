//go:build linux

package main

import (
	"math"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/calibration"
)

// Bands of load, as shares of the knee.
const (
	bandLight  = "to 50 %"
	bandMiddle = "50 to 85 %"
	bandHigh   = "85 to 100 %"
	bandBeyond = "beyond"
)

// What a fit has not seen.
const (
	heldLoad = "load" // a load other than those of the fit
	heldMix  = "mix"  // other shares of the journeys
	heldGate = "gate" // a plan in front of the service
	heldCore = "core" // one core instead of all
)

const (
	figureUtilization = "utilization"
	figureEffect      = "effect" // goodput behind a gate, as a multiple of that without
)

// bandOf returns the band of a load that is a share of the knee.
func bandOf(share float64) string {
	switch {
	case share <= 0.5:
		return bandLight
	case share <= 0.85:
		return bandMiddle
	case share <= 1:
		return bandHigh
	}
	return bandBeyond
}

// kneeOf returns the median of several searches, and how far apart they are as a share of it.
func kneeOf(found []float64) (knee, spread float64) {
	sorted := slices.Sorted(slices.Values(found))
	if len(sorted) == 0 {
		return 0, 0
	}
	middle := len(sorted) / 2
	if knee = sorted[middle]; len(sorted)%2 == 0 {
		knee = (sorted[middle-1] + sorted[middle]) / 2
	}
	return knee, (sorted[len(sorted)-1] - sorted[0]) / knee
}

// errorOf returns the error of a prediction: in points of a utilization, relative of any other figure.
func errorOf(figure string, predicted, measured float64) float64 {
	if figure == figureUtilization {
		return predicted - measured
	}
	return predicted/measured - 1
}

// noiseOf returns the mean size of the error of one run predicted by the mean of the others. It is not known of fewer than
// two runs, or where a run measured nothing.
func noiseOf(figure string, values []float64) (noise float64, known bool) {
	if len(values) < 2 {
		return 0, false
	}
	sum := 0.
	for _, value := range values {
		sum += value
	}
	for _, value := range values {
		others := (sum - value) / float64(len(values)-1)
		noise += math.Abs(errorOf(figure, others, value)) / float64(len(values))
	}
	return noise, !math.IsNaN(noise) && !math.IsInf(noise, 0)
}

// rowsOf returns a row for each figure that at least two runs measured.
func rowsOf(service accuracyService, c accuracyCase, found calibration.Validation) (rows []accuracyRow) {
	for _, p := range found.Figures {
		step, figure := stepAndFigure(p.Figure)
		row := accuracyRow{Service: service.Name, Version: service.Version, Step: step, Band: bandOf(c.share), Figure: figure, Predicted: p.Predicted, Measured: p.Measured, Runs: len(p.Values), HeldOut: c.heldOut}
		var known bool
		if row.Noise, known = noiseOf(figure, p.Values); known {
			rows = append(rows, row)
		}
	}
	return rows
}

// stepAndFigure splits the name of a figure, as in sign-up.p99. The plateau is that of all steps.
func stepAndFigure(name string) (step, figure string) {
	at := strings.LastIndexByte(name, '.')
	if at < 0 {
		return "all", name
	}
	switch step, figure = name[:at], name[at+1:]; {
	case step == "plateau":
		step = "all"
	case figure == "passed":
		figure = "people"
	}
	return step, figure
}

// effectRows returns what a gate does to the goodput of each step at one load: the goodput behind it as a multiple of that
// without. The runs are compared in pairs, in the order in which they were played.
func effectRows(service accuracyService, c accuracyCase, without, behind calibration.Validation) (rows []accuracyRow) {
	for _, p := range behind.Figures {
		step, figure := stepAndFigure(p.Figure)
		at := slices.IndexFunc(without.Figures, func(q calibration.Prediction) bool { return q.Figure == p.Figure })
		if figure != "goodput" || at < 0 {
			continue
		}
		plain := without.Figures[at]
		row := accuracyRow{Service: service.Name, Version: service.Version, Step: step, Band: bandOf(c.share), Figure: figureEffect, Predicted: p.Predicted / plain.Predicted, Measured: p.Measured / plain.Measured, HeldOut: c.heldOut}
		effects := ratios(p.Values, plain.Values)
		row.Runs = len(effects)
		var known bool
		if row.Noise, known = noiseOf(figureEffect, effects); known && row.Predicted > 0 && !math.IsInf(row.Predicted, 0) {
			rows = append(rows, row)
		}
	}
	return rows
}

func ratios(values, by []float64) (quotients []float64) {
	for i := range min(len(values), len(by)) {
		if by[i] > 0 {
			quotients = append(quotients, values[i]/by[i])
		}
	}
	return quotients
}

// conditionOf returns what the machine was like in some runs.
func conditionOf(name string, runs []report.Report) accuracyCondition {
	c, n := accuracyCondition{Case: name}, float64(len(runs))
	for _, r := range runs {
		if r.Machine != nil && r.Machine.Usage != nil {
			c.CPUShare += r.Machine.Usage.CPUShare / n
			c.OthersCores += r.Machine.Usage.OthersCores / n
		}
		if r.Generator != nil && r.Generator.ScheduleLagS != nil {
			c.LagP99S += r.Generator.ScheduleLagS.P99 / n
		}
	}
	return c
}

// meanOf returns the mean size of the error of some rows, their mean noise and their number.
func meanOf(rows []accuracyRow, counts func(accuracyRow) bool) (size, noise float64, n int) {
	for _, row := range rows {
		if counts(row) {
			size += math.Abs(errorOf(row.Figure, row.Predicted, row.Measured))
			noise += row.Noise
			n++
		}
	}
	return size / float64(max(1, n)), noise / float64(max(1, n)), n
}
