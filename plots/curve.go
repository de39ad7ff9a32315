package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curve is a line with gaps at values that are unknown (NaN) or not positive on a log axis.
type curve struct {
	x, y  []float64
	style draw.LineStyle
}

var (
	_ plot.Plotter = curve{}
	_ plot.Plotter = area{}
	_ plot.Plotter = grid{}
)

// Plot implements plot.Plotter.
func (l curve) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	_, isLog := p.Y.Scale.(plot.LogScale)
	var run []vg.Point
	flush := func() {
		switch {
		case len(run) == 1 && c.Contains(run[0]):
			c.DrawGlyph(draw.GlyphStyle{Color: l.style.Color, Radius: l.style.Width * 0.8, Shape: draw.CircleGlyph{}}, run[0])
		case len(run) > 1:
			c.StrokeLines(l.style, c.ClipLinesXY(run)...)
		}
		run = nil
	}
	for i, y := range l.y {
		if math.IsNaN(y) || isLog && y <= 0 {
			flush()
			continue
		}
		run = append(run, vg.Point{X: toX(l.x[i]), Y: toY(y)})
	}
	flush()
}

// area fills between two lines.
type area struct {
	x, lower, upper []float64
	fill            color.Color
}

// Plot implements plot.Plotter.
func (a area) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	if len(a.x) == 1 {
		c.FillPolygon(a.fill, box(toX(a.x[0])-8, toY(a.lower[0]), 16, toY(a.upper[0])-toY(a.lower[0])))
		return
	}
	var outline []vg.Point
	for i, x := range a.x {
		outline = append(outline, vg.Point{X: toX(x), Y: toY(a.upper[i])})
	}
	for i := len(a.x) - 1; i >= 0; i-- {
		outline = append(outline, vg.Point{X: toX(a.x[i]), Y: toY(a.lower[i])})
	}
	c.FillPolygon(a.fill, c.ClipPolygonXY(outline))
}

// grid draws a pale line at every labelled tick of the y axis.
type grid struct{}

// Plot implements plot.Plotter.
func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	_, toY := p.Transforms(&c)
	for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if y := toY(tick.Value); !tick.IsMinor() && c.ContainsY(y) {
			c.StrokeLine2(draw.LineStyle{Color: pale(), Width: 0.7}, c.Min.X, y, c.Max.X, y)
		}
	}
}
