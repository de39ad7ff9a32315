package plots

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// nearTail is the tolerance of ombak validate for a predicted 95th percentile, relative to the measured one.
// nearRate is the tolerance for people who pass.
const (
	nearTail = 0.35
	nearRate = 0.10
)

// Overlay draws a prediction over a measurement: people who pass the main step, and the 95th percentile of
// its response time. Bands show the tolerance of each.
func Overlay(measured, predicted report.Report) (Figure, error) {
	d := drawing{name: "overlay", title: "Prediction and measurement", question: "How close is the prediction " +
		"to the measurement?"}
	p := page{title: d.title, subtitle: subtitle(measured) + " · predicted: " + string(predicted.Engine) + ", plan " + predicted.Plan, height: pageHeight + 60, note: "no data"}
	real, ok := mainStep(measured)
	other, okToo := mainStep(predicted)
	if ok && okToo && real.Step == other.Step {
		p.overlay(measured, predicted, real, other)
	}
	return d.render(&p)
}

func (p *page) overlay(measured, predicted report.Report, real, other report.StepSeries) {
	was, is := newBins(measured.Series), newBins(predicted.Series)
	solid := draw.LineStyle{Color: black(), Width: 1.6}
	dashed := draw.LineStyle{Color: vermillion(), Width: 1.6, Dashes: []vg.Length{6, 3}}
	x := was.axis
	x.max = max(x.max, (float64(is.first)+float64(is.count*is.width))/was.unit)
	lower := x
	x.label = ""
	passed, expected := was.rate(real.Passed), is.rate(other.Passed)
	rates := newPanel(x, axis{label: was.rateUnit("passes"), max: 1.08 * max(largest(passed), largest(expected), 1e-9)})
	rates.Add(bands{events: measured.Timeline, unit: was.unit, numbers: true}, grid{}, is.around(expected, nearRate, was.unit),
		is.at(expected, dashed, was.unit), was.line(passed, solid))
	p.panels = []panel{rates}
	seen, foreseen := was.mean(real.P95, real.Requests), is.mean(other.P95, other.Requests)
	if least, most := min(smallest(seen), smallest(foreseen)), max(largest(seen), largest(foreseen)); most > 0 {
		times := newPanel(lower, axis{label: "p95 response time, log scale", min: least / 1.5, max: 1.5 * most, log: true, write: units.ExactTime})
		times.Add(bands{events: measured.Timeline, unit: was.unit}, grid{}, is.around(foreseen, nearTail, was.unit),
			is.at(foreseen, dashed, was.unit), was.line(seen, solid))
		p.panels = append(p.panels, times)
	} else {
		p.panels[0].X.Label.Text = lower.label
	}
	p.subtitle = real.Step + " · " + p.subtitle
	p.legend = []entry{{name: "measured", line: solid}, {name: "predicted", line: dashed}, {name: "within tolerance: ±10 %, p95 " +
		"±35 %", fill: bandTint()}}
	p.caption, p.note = caption(measured.Timeline, was.unit), ""
}

// at returns a curve of these bins on an x axis with another report's unit.
func (b bins) at(y []float64, style draw.LineStyle, unit float64) curve {
	line := b.line(y, style)
	line.x = b.places(unit)
	return line
}

func (b bins) places(unit float64) []float64 {
	x := make([]float64, len(b.x))
	for i := range x {
		x[i] = b.x[i] * b.unit / unit
	}
	return x
}

// around returns the band of a share around values. It has gaps at unknown values.
func (b bins) around(y []float64, share, unit float64) plot.Plotter {
	x := b.places(unit)
	var pieces several
	var piece area
	flush := func() {
		if len(piece.x) > 0 {
			piece.fill = bandTint()
			pieces = append(pieces, piece)
		}
		piece = area{}
	}
	for i, value := range y {
		if math.IsNaN(value) || value <= 0 {
			flush()
			continue
		}
		piece.x, piece.lower, piece.upper = append(piece.x, x[i]), append(piece.lower, value*(1-share)), append(piece.upper, value*(1+share))
	}
	flush()
	return pieces
}

// several draws plotters one after another.
type several []plot.Plotter

// Plot implements plot.Plotter.
func (s several) Plot(c draw.Canvas, p *plot.Plot) {
	for _, each := range s {
		each.Plot(c, p)
	}
}
