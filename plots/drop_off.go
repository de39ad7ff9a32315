package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Sizes of the stream, in points.
const (
	flowHeight = 190
	flowNode   = 7
	flowHead   = 30 // room for the names above
	flowFall   = 26 // how far those who leave fall
	// numberHeight is the height of a row of numbers below the stream.
	numberHeight = 12
)

func dropOffFigure() drawing {
	return drawing{
		name: "drop-off", title: "People who leave, by step and outcome",
		question: "Where do people drop off, and why?",
		draw:     drawDropOff, describe: describeDropOff,
	}
}

// drawDropOff draws people as a stream from step to step (a Sankey diagram). Those who leave fall out
// downwards, by outcome, and so do those who passed a step and did not go on. Journeys that are not one straight line are
// drawn as a graph.
func drawDropOff(p *page, r report.Report) error {
	rows, most := walked(r.Funnel)
	if most == 0 {
		return nil
	}
	if len(r.Transitions) > 0 {
		p.drawWays(rows, r.Transitions, most)
		return nil
	}
	for _, leaving := range leavings(rows[0], nil) {
		p.legend = append(p.legend, entry{name: leaving.name, fill: leaving.fill})
	}
	numbers := 0
	for i := range rows {
		numbers = max(numbers, len(present(leavings(rows[i], after(rows, i)))))
	}
	p.height = 2*margin + 80 + flowHead + flowHeight + flowFall + numberHeight*vg.Length(numbers)
	p.body = func(c draw.Canvas) { p.paintFlow(c, rows, most, numbers) }
	return nil
}

// walked returns the steps that anybody entered, and the largest number who entered one.
func walked(funnel []report.FunnelRow) (rows []report.FunnelRow, most float64) {
	for _, row := range funnel {
		if row.Entered > 0 {
			rows, most = append(rows, row), max(most, row.Entered)
		}
	}
	return rows, most
}

// leavings returns the people who do not reach the next step: all outcomes other than passing, and those who passed and
// did not go on. Next is nil for the last step, where passing is the end.
func leavings(row report.FunnelRow, next *report.FunnelRow) []outcome {
	all := outcomes(row)[1:]
	gone := 0.0
	if next != nil {
		gone = max(0, row.Passed-next.Entered)
	}
	return append([]outcome{{"passed, did not go on", gone, pale()}}, all...)
}

// after returns the step after row i, or nil for the last.
func after(rows []report.FunnelRow, i int) *report.FunnelRow {
	if i+1 < len(rows) {
		return &rows[i+1]
	}
	return nil
}

// present returns the outcomes that anybody had.
func present(all []outcome) (some []outcome) {
	for _, outcome := range all {
		if outcome.count > 0 {
			some = append(some, outcome)
		}
	}
	return some
}

func (p *page) paintFlow(c draw.Canvas, rows []report.FunnelRow, most float64, numbers int) {
	c.FillPolygon(color.White, box(c.Min.X, c.Min.Y, c.Size().X, c.Size().Y))
	c = draw.Crop(c, margin, -margin, margin, -margin)
	top := p.paintHead(c) - flowHead
	step := (c.Size().X - 2) / vg.Length(len(rows))
	tall := func(people float64) vg.Length { return flowHeight * vg.Length(people/most) }
	for i, row := range rows {
		x := c.Min.X + vg.Length(i)*step
		next := after(rows, i)
		p.paintStep(c, row, x, step, top)
		c.FillPolygon(blue(), box(x, top-tall(row.Entered), flowNode, tall(row.Entered)))
		on := row.Passed
		if next != nil {
			on = min(next.Entered, row.Passed)
			c.FillPolygon(bluishGreen(), ribbon(x+flowNode, top, x+step, top, tall(on)))
		} else {
			c.FillPolygon(bluishGreen(), ribbon(x+flowNode, top, x+step-4, top, tall(on)))
		}
		p.paintLeavings(c, present(leavings(row, next)), x, step, top-tall(on), tall, numbers)
	}
}

// paintStep writes the name of a step and how many entered it.
func (p *page) paintStep(c draw.Canvas, row report.FunnelRow, x, width, top vg.Length) {
	name, number := boldStyle(smallSize), textStyle(smallSize, grey())
	c.FillText(name, vg.Point{X: x, Y: top + 16}, fit(name, row.Step, width-4))
	c.FillText(number, vg.Point{X: x, Y: top + 4}, fit(number, units.Number(math.Round(row.Entered)), width-4))
}

// paintLeavings draws the streams of those who leave below the one that goes on, each with its number in a row.
func (p *page) paintLeavings(c draw.Canvas, all []outcome, x, step, from vg.Length, tall func(float64) vg.Length, numbers int) {
	at, label := from, c.Min.Y+numberHeight*vg.Length(numbers)
	for _, leaving := range all {
		height := tall(leaving.count)
		width := min(max(height, 0.8), step*0.3)
		c.FillPolygon(leaving.fill, bend(x+flowNode, at, x+step*0.62, at-height-flowFall, height, width))
		at -= height
		label -= numberHeight
		patch := box(x, label+1, 6, 8)
		c.FillPolygon(leaving.fill, patch)
		c.StrokeLines(draw.LineStyle{Color: grey(), Width: 0.5}, append(patch, patch[0]))
		style := textStyle(smallSize-1, black())
		c.FillText(style, vg.Point{X: x + 9, Y: label}, fit(style, units.Number(math.Round(leaving.count)), step-12))
	}
}

// ribbon returns the outline of a stream of one height between two places, with S-shaped edges.
func ribbon(x0, top0, x1, top1, height vg.Length) []vg.Point {
	var upper, lower []vg.Point
	const pieces = 16
	for k := range pieces + 1 {
		t := vg.Length(k) / pieces
		s := t * t * (3 - 2*t)
		x, y := x0+(x1-x0)*t, top0+(top1-top0)*s
		upper, lower = append(upper, vg.Point{X: x, Y: y}), append(lower, vg.Point{X: x, Y: y - height})
	}
	for k := len(lower) - 1; k >= 0; k-- {
		upper = append(upper, lower[k])
	}
	return upper
}

// bend returns the outline of a stream that leaves to the right and falls: a quarter of an ellipse that narrows to a
// width.
func bend(x0, top, x1, bottom, height, width vg.Length) []vg.Point {
	var outer, inner []vg.Point
	const pieces = 16
	for k := range pieces + 1 {
		angle := float64(k) / pieces * math.Pi / 2
		sin, cos := vg.Length(math.Sin(angle)), vg.Length(math.Cos(angle))
		outer = append(outer, vg.Point{X: x0 + (x1+width/2-x0)*sin, Y: bottom + (top-bottom)*cos})
		inner = append(inner, vg.Point{X: x0 + (x1-width/2-x0)*sin, Y: bottom + (max(top-height, bottom)-bottom)*cos})
	}
	for k := len(inner) - 1; k >= 0; k-- {
		outer = append(outer, inner[k])
	}
	return outer
}

func describeDropOff(r report.Report) (parts []string) {
	if len(r.Transitions) > 0 {
		return describeWays(r)
	}
	for i, row := range r.Funnel {
		if row.Entered == 0 {
			continue
		}
		words := row.Step + ": " + units.Percent(row.Passed/row.Entered) + " passed"
		if i+1 < len(r.Funnel) && row.Passed > 0 {
			words += ", " + units.Percent(min(1, r.Funnel[i+1].Entered/row.Passed)) + " of them went on"
		}
		parts = append(parts, words)
	}
	return parts
}
