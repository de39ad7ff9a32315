package plots

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// page is a figure with its title, legend, panels under each other and caption.
type page struct {
	title, subtitle string
	legend          []entry
	panels          []panel
	columns         int // columns of panels that share their axes; 0 means panels below each other, each with its own axes
	caption         []string
	note            string            // replaces the panels: "no data"
	height          vg.Length         // 0 means pageHeight
	body            func(draw.Canvas) // paints the whole page in place of panels; nil for none
}

// panel is a plot whose y label is drawn by the page, because gonum reserves space for its own as if a logarithmic axis
// were linear.
type panel struct {
	*plot.Plot
	label string
	name  string // name above the panel; only if panels share their axes
}

// entry is one line or filled patch of the legend.
type entry struct {
	name string
	line draw.LineStyle
	fill color.Color // instead of the line
}

// subtitle names the scenario, the plan and the engine of a run.
func subtitle(r report.Report) string {
	plan := r.Plan
	if plan == "" {
		plan = "none"
	}
	words := fmt.Sprintf("scenario %s · plan %s · engine %s", r.Scenario.Name, plan, r.Engine)
	if r.Speed != 1 && r.Speed > 0 {
		words += fmt.Sprintf(" · speed ×%s", units.Number(r.Speed))
	}
	if r.Series.Note != "" {
		words += " · series " + r.Series.Note
	}
	return words
}

// paint draws the page.
func (p *page) paint(c draw.Canvas) {
	if p.body != nil {
		p.body(c)
		return
	}
	c.FillPolygon(color.White, box(c.Min.X, c.Min.Y, c.Size().X, c.Size().Y))
	c = draw.Crop(c, margin, -margin, margin, -margin)
	top := p.paintHead(c)
	bottom := p.paintCaption(c)
	inner := c
	inner.Min.Y, inner.Max.Y = bottom, top-14
	if p.note != "" {
		style := textStyle(titleSize, grey())
		style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
		c.FillText(style, inner.Center(), p.note)
		return
	}
	if p.columns > 0 {
		p.paintGrid(inner)
		return
	}
	p.paintPanels(inner)
}

// paintGrid draws panels that share their axes in rows, from left to right. Only the axes at the left and at
// the bottom are labelled.
func (p *page) paintGrid(c draw.Canvas) {
	const nameHeight = smallSize + 4
	left := c.Min.X
	c.Min.X += labelSize + 6
	c.Max.X -= 12
	c.Max.Y -= nameHeight - 10
	rows := make([][]*plot.Plot, (len(p.panels)+p.columns-1)/p.columns)
	for i, panel := range p.panels {
		if i%p.columns > 0 {
			panel.Y.Tick.Marker = unlabelled{panel.Y.Tick.Marker}
		}
		if i+p.columns < len(p.panels) {
			panel.X.Tick.Marker, panel.X.Label.Text = unlabelled{panel.X.Tick.Marker}, ""
		}
		rows[i/p.columns] = append(rows[i/p.columns], panel.Plot)
	}
	for len(rows[len(rows)-1]) < p.columns {
		rows[len(rows)-1] = append(rows[len(rows)-1], nil)
	}
	tiles := draw.Tiles{Rows: len(rows), Cols: p.columns, PadX: 14, PadY: nameHeight}
	canvases := plot.Align(rows, tiles, c)
	for i, panel := range p.panels {
		canvas := canvases[i/p.columns][i%p.columns]
		panel.Draw(canvas)
		data := panel.DataCanvas(canvas)
		name := textStyle(smallSize, black())
		name.XAlign = draw.XRight // the numbers of events stand at the left
		c.FillText(name, vg.Point{X: data.Max.X, Y: data.Max.Y + 3}, panel.name)
	}
	style := textStyle(labelSize, black())
	style.XAlign, style.YAlign, style.Rotation = draw.XCenter, draw.YTop, math.Pi/2
	c.FillText(style, vg.Point{X: left, Y: c.Center().Y}, fit(style, p.panels[0].label, c.Size().Y))
}

// unlabelled returns the ticks of an axis without their labels.
type unlabelled struct{ plot.Ticker }

// Ticks implements plot.Ticker.
func (u unlabelled) Ticks(low, high float64) []plot.Tick {
	ticks := u.Ticker.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = " " // still a major tick
		}
	}
	return ticks
}

// paintPanels draws the panels below each other with aligned axes.
func (p *page) paintPanels(c draw.Canvas) {
	left := c.Min.X
	c.Min.X += labelSize + 6
	c.Max.X -= 12 // the last tick's label is wider than its tick
	rows := make([][]*plot.Plot, len(p.panels))
	for i, panel := range p.panels {
		rows[i] = []*plot.Plot{panel.Plot}
	}
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadY: 16}
	for i, canvases := range plot.Align(rows, tiles, c) {
		panel := p.panels[i]
		panel.Draw(canvases[0])
		data := panel.DataCanvas(canvases[0])
		style := textStyle(labelSize, black())
		words := fit(style, panel.label, data.Size().Y+30)
		style.XAlign, style.YAlign, style.Rotation = draw.XCenter, draw.YTop, math.Pi/2
		c.FillText(style, vg.Point{X: left, Y: data.Center().Y}, words)
	}
}

// paintHead draws title, subtitle and legend and returns the height below them.
func (p *page) paintHead(c draw.Canvas) vg.Length {
	y := c.Max.Y - titleSize
	c.FillText(boldStyle(titleSize), vg.Point{X: c.Min.X, Y: y}, fit(boldStyle(titleSize), p.title, c.Size().X))
	y -= labelSize + 7
	style := textStyle(labelSize, grey())
	c.FillText(style, vg.Point{X: c.Min.X, Y: y}, fit(style, p.subtitle, c.Size().X))
	if len(p.legend) == 0 {
		return y - 6
	}
	return p.paintLegend(c, y-labelSize-9)
}

// paintLegend draws the entries from left to right, on as many lines as they need.
func (p *page) paintLegend(c draw.Canvas, y vg.Length) vg.Length {
	const key, gap = 22, 16
	style := textStyle(smallSize, black())
	x := c.Min.X
	for _, entry := range p.legend {
		width := key + 5 + style.Width(entry.name)
		if x > c.Min.X && x+width > c.Max.X {
			x, y = c.Min.X, y-smallSize-6
		}
		middle := y + smallSize*0.4
		if entry.fill != nil {
			patch := box(x+6, middle-5, key-6, 10)
			c.FillPolygon(entry.fill, patch)
			c.StrokeLines(draw.LineStyle{Color: grey(), Width: 0.6}, append(patch, patch[0]))
		} else {
			c.StrokeLine2(entry.line, x, middle, x+key, middle)
		}
		c.FillText(style, vg.Point{X: x + key + 5, Y: y}, entry.name)
		x += width + gap
	}
	return y - 4
}

// box returns the corners of a rectangle.
func box(x, y, width, height vg.Length) []vg.Point {
	return []vg.Point{{X: x, Y: y}, {X: x + width, Y: y}, {X: x + width, Y: y + height}, {X: x, Y: y + height}}
}

// paintCaption draws the caption at the bottom and returns the height above it.
func (p *page) paintCaption(c draw.Canvas) vg.Length {
	style := textStyle(smallSize, grey())
	lines := wrap(style, p.caption, c.Size().X)
	y := c.Min.Y + vg.Length(len(lines))*(smallSize+3)
	bottom := y
	for _, line := range lines {
		y -= smallSize + 3
		c.FillText(style, vg.Point{X: c.Min.X, Y: y}, line)
	}
	if len(lines) > 0 {
		bottom += 6
	}
	return bottom
}

// wrap puts parts on lines of at most the width; a part too long for one is shortened.
func wrap(style text.Style, parts []string, width vg.Length) (lines []string) {
	line := ""
	for _, part := range parts {
		switch longer := line + " · " + part; {
		case line == "":
			line = part
		case style.Width(longer) <= width:
			line = longer
		default:
			lines = append(lines, fit(style, line, width))
			line = part
		}
	}
	if line != "" {
		lines = append(lines, fit(style, line, width))
	}
	return lines
}

// fit shortens a text to a width.
func fit(style text.Style, words string, width vg.Length) string {
	if style.Width(words) <= width {
		return words
	}
	runes := []rune(words)
	for len(runes) > 0 && style.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// The longest names of steps, in letters, in a legend and in an axis label.
const (
	longestName  = 24
	longestLabel = 18
)

// shortened cuts the middle out of a name that is too long, because its ends carry the most meaning.
func shortened(name string, most int) string {
	runes := []rune(name)
	if len(runes) <= most {
		return name
	}
	head := most / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(most-head-1):])
}
