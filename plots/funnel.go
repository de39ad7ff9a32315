package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Sizes of the funnel's columns and rows, in points.
const (
	nameWidth   = 88
	numberWidth = 150
	shareWidth  = 215
	rowHeight   = 27
	barHeight   = rowHeight - 8
)

func funnelFigure() drawing {
	return drawing{
		name: "funnel", title: "People who entered and passed each step",
		question: "How far do people get?",
		draw:     drawFunnel, describe: describeFunnel,
	}
}

// drawFunnel draws, for every step, how many people entered and passed, and the shares of all outcomes.
func drawFunnel(p *page, r report.Report) error {
	most := 0.0
	for _, row := range r.Funnel {
		most = max(most, row.Entered)
	}
	p.height = vg.Length(112 + rowHeight*max(len(r.Funnel), 4))
	if most == 0 {
		return nil
	}
	p.legend = []entry{{name: "entered", fill: pale()}, {name: "passed", fill: bluishGreen()}}
	for _, outcome := range outcomes(report.FunnelRow{})[1:] {
		p.legend = append(p.legend, entry{name: outcome.name, fill: outcome.fill})
	}
	p.body = func(c draw.Canvas) { p.paintFunnel(c, r.Funnel, most) }
	return nil
}

// outcome is the number of people of a step with one outcome.
type outcome struct {
	name  string
	count float64
	fill  color.Color
}

// outcomes returns the parts of those who entered, in stacking order.
func outcomes(row report.FunnelRow) []outcome {
	return []outcome{
		{"passed", row.Passed, bluishGreen()},
		{"declined", row.Declined, skyBlue()},
		{"unfinished", row.Unfinished, color.White},
		{"rejected", row.Rejected, yellow()},
		{"failed", row.Failed, vermillion()},
		{"timed out", row.TimedOut, reddishPurple()},
		{"abandoned", row.Abandoned, grey()},
	}
}

// paintFunnel draws the head and the rows.
func (p *page) paintFunnel(c draw.Canvas, rows []report.FunnelRow, most float64) {
	c.FillPolygon(color.White, box(c.Min.X, c.Min.Y, c.Size().X, c.Size().Y))
	c = draw.Crop(c, margin, -margin, margin, -margin)
	y := p.paintHead(c) - 16
	barsAt := c.Min.X + nameWidth
	numbersAt := c.Max.X - shareWidth - numberWidth
	sharesAt := c.Max.X - shareWidth
	head := textStyle(smallSize, grey())
	c.FillText(head, vg.Point{X: barsAt, Y: y}, "people (bars on one scale)")
	c.FillText(head, vg.Point{X: numbersAt, Y: y}, "passed of entered")
	c.FillText(head, vg.Point{X: sharesAt, Y: y}, "shares of those who entered, 0 to 100 %")
	for _, row := range rows {
		y -= rowHeight
		paintName(c, row.Step, y)
		width := numbersAt - barsAt - 10
		paintBar(c, barsAt, y, width*vg.Length(row.Entered/most), pale())
		paintBar(c, barsAt, y, width*vg.Length(row.Passed/most), bluishGreen())
		c.FillText(textStyle(smallSize, black()), vg.Point{X: numbersAt, Y: y + 5}, passedOf(row))
		paintShares(c, sharesAt, y, row)
	}
}

func paintName(c draw.Canvas, name string, y vg.Length) {
	style := textStyle(labelSize, black())
	c.FillText(style, vg.Point{X: c.Min.X, Y: y + 4}, fit(style, name, nameWidth-6))
}

func paintBar(c draw.Canvas, x, y, width vg.Length, fill color.Color) {
	if width > 0 {
		c.FillPolygon(fill, box(x, y, width, barHeight))
	}
}

// passedOf writes "612 of 44,000 (1.4 %)".
func passedOf(row report.FunnelRow) string {
	words := units.Number(math.Round(row.Passed)) + " of " + units.Number(math.Round(row.Entered))
	if row.Entered > 0 {
		words += " (" + units.Percent(row.Passed/row.Entered) + ")"
	}
	return words
}

// paintShares stacks the outcomes of a step from left to right inside a frame.
func paintShares(c draw.Canvas, x, y vg.Length, row report.FunnelRow) {
	if row.Entered <= 0 {
		c.FillText(textStyle(smallSize, grey()), vg.Point{X: x, Y: y + 5}, "nobody entered")
		return
	}
	at := x
	for _, outcome := range outcomes(row) {
		width := shareWidth * vg.Length(max(outcome.count, 0)/row.Entered)
		paintBar(c, at, y, width, outcome.fill)
		words, style := units.Percent(outcome.count/row.Entered), textStyle(smallSize, inkOn(outcome.fill))
		if style.Width(words)+6 < width {
			style.XAlign = draw.XCenter
			c.FillText(style, vg.Point{X: at + width/2, Y: y + 5}, words)
		}
		at += width
	}
	frame := box(x, y, shareWidth, barHeight)
	c.StrokeLines(draw.LineStyle{Color: grey(), Width: 0.6}, append(frame, frame[0]))
}

// inkOn returns black on light fills and white on dark ones.
func inkOn(fill color.Color) color.Color {
	r, g, b, _ := fill.RGBA()
	if fill == color.White {
		return black()
	}
	if 0.299*float64(r)+0.587*float64(g)+0.114*float64(b) < 0.5*0xffff {
		return color.White
	}
	return color.Black // whatever the paper
}

func describeFunnel(r report.Report) (parts []string) {
	for _, row := range r.Funnel {
		if row.Entered > 0 {
			parts = append(parts, row.Step+": passed "+passedOf(row))
		}
	}
	return parts
}
