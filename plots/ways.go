package plots

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// arcRoom is the height above the bars for arcs, in points.
const arcRoom = 100

// ways is the drawing of journeys that are not one straight line: a bar for each step, a stream to the step beside it,
// and arcs to all others.
type ways struct {
	rows  []report.FunnelRow // the steps that anybody entered
	taken []report.Transition
	most  float64 // people of the highest bar
}

// drawWays draws how many people went from each step to which.
func (p *page) drawWays(rows []report.FunnelRow, taken []report.Transition, most float64) {
	w := ways{rows, taken, most}
	p.legend = append(p.legend, entry{name: "passed, then the walk ended", fill: bluishGreen()})
	for _, leaving := range outcomes(rows[0])[1:] {
		p.legend = append(p.legend, entry{name: leaving.name, fill: leaving.fill})
	}
	p.legend = append(p.legend, entry{name: "on to a later step", fill: blue()}, entry{name: "back to an earlier step", fill: orange()})
	numbers := 0
	for _, row := range rows {
		numbers = max(numbers, len(present(w.leavings(row))))
	}
	p.height = 2*margin + 80 + flowHead + arcRoom + flowHeight + flowFall + numberHeight*vg.Length(numbers)
	p.body = func(c draw.Canvas) { p.paintWays(c, w, numbers) }
}

// leavings returns the people whose walk ends at a step: those who passed it, and the other outcomes.
func (w ways) leavings(row report.FunnelRow) []outcome {
	return append([]outcome{{"passed, then the walk ended", w.people(row.Step, report.WalkEnd), bluishGreen()}}, outcomes(row)[1:]...)
}

// people returns how many went from a step to another.
func (w ways) people(from, to string) float64 {
	for _, t := range w.taken {
		if t.From == from && t.To == to {
			return t.People
		}
	}
	return 0
}

// place returns the column of a step, or -1.
func (w ways) place(step string) int {
	for i, row := range w.rows {
		if row.Step == step {
			return i
		}
	}
	return -1
}

func (p *page) paintWays(c draw.Canvas, w ways, numbers int) {
	c.FillPolygon(color.White, box(c.Min.X, c.Min.Y, c.Size().X, c.Size().Y))
	c = draw.Crop(c, margin, -margin, margin, -margin)
	head := p.paintHead(c) - flowHead
	top := head - arcRoom
	step := (c.Size().X - 2) / vg.Length(len(w.rows))
	tall := func(people float64) vg.Length { return flowHeight * vg.Length(people/w.most) }
	for i, row := range w.rows {
		x := c.Min.X + vg.Length(i)*step
		p.paintStep(c, row, x, step, head)
		c.FillPolygon(blue(), box(x, top-tall(row.Entered), flowNode, tall(row.Entered)))
		on := vg.Length(0)
		if next := after(w.rows, i); next != nil {
			on = tall(min(w.people(row.Step, next.Step), row.Entered))
			c.FillPolygon(bluishGreen(), ribbon(x+flowNode, top, x+step, top, on))
		}
		p.paintLeavings(c, present(w.leavings(row)), x, step, top-on, tall, numbers)
	}
	var labels []func() // above all arcs
	for _, t := range w.taken {
		if label := w.paintArc(c, t, c.Min.X+flowNode/2, step, top, tall); label != nil {
			labels = append(labels, label)
		}
	}
	for _, label := range labels {
		label()
	}
}

// paintArc draws the way between two steps that do not stand side by side, as wide as it has people. It returns how to write
// their number, or nil if there is no arc.
func (w ways) paintArc(c draw.Canvas, t report.Transition, from, step, top vg.Length, tall func(float64) vg.Length) (label func()) {
	a, b := w.place(t.From), w.place(t.To)
	if a < 0 || b < 0 || b == a+1 || t.People <= 0 {
		return nil
	}
	fill, height := blue(), vg.Length(10+10*min(5, max(a, b)-min(a, b)))
	if b <= a {
		fill, height = orange(), height+18
	}
	x0, x1 := from+vg.Length(a)*step, from+vg.Length(b)*step
	if a == b {
		x1 = x0 + step/3
	}
	width := max(0.8, min(6, tall(t.People)/8))
	c.StrokeLines(draw.LineStyle{Color: fill, Width: width}, arc(x0, x1, top+1, height))
	style := textStyle(smallSize-1, black())
	style.XAlign = draw.XCenter
	text, at := units.Number(math.Round(t.People)), vg.Point{X: (x0 + x1) / 2, Y: top + height + width/2 + 3}
	return func() {
		wide, high := style.Width(text)+4, style.Height(text)+2
		c.FillPolygon(color.White, box(at.X-wide/2, at.Y-2, wide, high))
		c.FillText(style, at, text)
	}
}

// arc returns half an ellipse above a line.
func arc(x0, x1, bottom, height vg.Length) []vg.Point {
	const pieces = 32
	points := make([]vg.Point, 0, pieces+1)
	for k := range pieces + 1 {
		sin, cos := math.Sincos(math.Pi * float64(k) / pieces)
		points = append(points, vg.Point{X: (x0+x1)/2 - (x1-x0)/2*vg.Length(cos), Y: bottom + height*vg.Length(sin)})
	}
	return points
}

// describeWays says in words how many people passed each step, and where they went.
func describeWays(r report.Report) (parts []string) {
	for _, row := range r.Funnel {
		if row.Entered == 0 {
			continue
		}
		var to []string
		for _, t := range r.Transitions {
			if t.From == row.Step {
				to = append(to, fmt.Sprintf("%s to %s", units.Number(math.Round(t.People)), t.To))
			}
		}
		words := row.Step + ": " + units.Percent(row.Passed/row.Entered) + " passed"
		if len(to) > 0 {
			words += ", and went on, " + strings.Join(to, ", ")
		}
		parts = append(parts, words)
	}
	return parts
}
