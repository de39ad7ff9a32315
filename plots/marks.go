package plots

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// mark is a measured point with its intervals and its name.
type mark struct {
	x, y   float64
	xs, ys *[2]float64 // intervals; nil means none
	name   string      // drawn beside it; may be empty
	style  draw.GlyphStyle
}

// marks draws points with their intervals. Names do not overlap.
type marks []mark

var _ plot.Plotter = marks{}

// Plot implements plot.Plotter.
func (m marks) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	var taken []vg.Rectangle
	for _, mark := range m {
		at := vg.Point{X: toX(mark.x), Y: toY(mark.y)}
		whisker := draw.LineStyle{Color: mark.style.Color, Width: 1}
		if mark.xs != nil {
			c.StrokeLines(whisker, c.ClipLinesXY([]vg.Point{{X: toX(mark.xs[0]), Y: at.Y}, {X: toX(mark.xs[1]), Y: at.Y}})...)
		}
		if mark.ys != nil {
			c.StrokeLines(whisker, c.ClipLinesXY([]vg.Point{{X: at.X, Y: toY(mark.ys[0])}, {X: at.X, Y: toY(mark.ys[1])}})...)
		}
		c.DrawGlyph(mark.style, at)
		taken = append(taken, vg.Rectangle{Min: vg.Point{X: at.X - 4, Y: at.Y - 4}, Max: vg.Point{X: at.X + 4, Y: at.Y + 4}})
	}
	style := textStyle(smallSize, black())
	for _, mark := range m {
		if mark.name == "" {
			continue
		}
		at := vg.Point{X: toX(mark.x), Y: toY(mark.y)}
		place := besides(c, at, style.Width(mark.name), taken)
		taken = append(taken, place)
		c.FillPolygon(color.White, box(place.Min.X-1, place.Min.Y, style.Width(mark.name)+2, smallSize)) // keeps lines out of the name
		c.FillText(style, place.Min, mark.name)
	}
}

// besides returns room for a name next to a point: to its right or left, then higher and lower.
func besides(c draw.Canvas, at vg.Point, width vg.Length, taken []vg.Rectangle) vg.Rectangle {
	const tall = smallSize + 2
	var first vg.Rectangle
	for _, rise := range []vg.Length{-4, 6, -14, 16, -24, 26, -34, 36} {
		for _, x := range []vg.Length{at.X + 7, at.X - 7 - width} {
			place := vg.Rectangle{Min: vg.Point{X: x, Y: at.Y + rise}, Max: vg.Point{X: x + width, Y: at.Y + rise + tall}}
			if first == (vg.Rectangle{}) {
				first = place
			}
			if x >= c.Min.X && x+width <= c.Max.X && place.Min.Y >= c.Min.Y && place.Max.Y <= c.Max.Y && isFree(place, taken) {
				return place
			}
		}
	}
	return first
}

func isFree(place vg.Rectangle, taken []vg.Rectangle) bool {
	for _, other := range taken {
		if place.Min.X < other.Max.X && other.Min.X < place.Max.X && place.Min.Y < other.Max.Y && other.Min.Y < place.Max.Y {
			return false
		}
	}
	return true
}

func dot(ink color.Color) draw.GlyphStyle {
	return draw.GlyphStyle{Color: ink, Radius: 3.5, Shape: draw.CircleGlyph{}}
}

func ring(ink color.Color) draw.GlyphStyle {
	return draw.GlyphStyle{Color: ink, Radius: 3.5, Shape: draw.RingGlyph{}}
}
