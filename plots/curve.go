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
			c.StrokeLines(l.style, c.ClipLinesXY(thinned(run))...)
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

// thinnedWidth is the width of a column of which a long line keeps four points. A line is wider than that.
const thinnedWidth = vg.Length(1)

// thinned returns the points of a line without those that nobody can see: of each narrow column it keeps the first, the
// lowest, the highest and the last, in their order. A line with few points to a column is returned as it is.
//
// Source: U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl, "M4: A visualization-oriented time series data aggregation",
// Proceedings of the VLDB Endowment 7 (2014).
func thinned(line []vg.Point) []vg.Point {
	column := func(i int) int { return int((line[i].X - line[0].X) / thinnedWidth) }
	if len(line) <= 8*(column(len(line)-1)+1) {
		return line
	}
	var kept []vg.Point
	for first := 0; first < len(line); {
		low, high, next := first, first, first+1
		for ; next < len(line) && column(next) == column(first); next++ {
			if line[next].Y < line[low].Y {
				low = next
			}
			if line[next].Y > line[high].Y {
				high = next
			}
		}
		latest := -1
		for _, i := range []int{first, min(low, high), max(low, high), next - 1} {
			if i > latest {
				kept, latest = append(kept, line[i]), i
			}
		}
		first = next
	}
	return kept
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
