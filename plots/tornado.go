package plots

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/units"
)

// Sway is the effect of one uncertain input on a figure.
type Sway struct {
	Name          string  // of the input
	From, To      string  // its low and high value, as written
	AtLow, AtHigh float64 // the figure there
}

// Tornado draws the effect of each uncertain input on a figure, the largest first.
func Tornado(what, figure string, middle float64, sways []Sway) (Figure, error) {
	d := drawing{name: "tornado", title: "Effect of each uncertain input on " + figure, question: "Which uncertain input matters " +
		"most?"}
	p := page{title: d.title, subtitle: what, note: "no data: no input is uncertain"}
	if len(sways) > 0 {
		p.legend = []entry{{name: "at the input's low value", fill: skyBlue()}, {name: "at its high value", fill: orange()}}
		p.height = vg.Length(128 + rowHeight*len(sways))
		widest := slices.SortedStableFunc(slices.Values(sways), func(a, b Sway) int {
			return -cmp.Compare(math.Abs(a.AtHigh-a.AtLow), math.Abs(b.AtHigh-b.AtLow))
		})
		p.body = func(c draw.Canvas) { p.paintTornado(c, figure, middle, widest) }
	}
	return d.render(&p)
}

func (p *page) paintTornado(c draw.Canvas, figure string, middle float64, sways []Sway) {
	c.FillPolygon(color.White, box(c.Min.X, c.Min.Y, c.Size().X, c.Size().Y))
	c = draw.Crop(c, margin, -margin, margin, -margin)
	const names = 210
	y := p.paintHead(c) - 10
	low, high := middle, middle
	for _, sway := range sways {
		low, high = min(low, sway.AtLow, sway.AtHigh), max(high, sway.AtLow, sway.AtHigh)
	}
	if !(high > low) {
		high = low + 1
	}
	left, width := c.Min.X+names+60, c.Size().X-names-130
	toX := func(value float64) vg.Length { return left + width*vg.Length((value-low)/(high-low)) }
	bottom := y - rowHeight*vg.Length(len(sways))
	for _, sway := range sways {
		y -= rowHeight
		style := textStyle(smallSize, black())
		c.FillText(style, vg.Point{X: c.Min.X, Y: y + 5}, fit(style, sway.Name+": "+sway.From+" to "+sway.To, names))
		paintSway(c, toX, y, middle, sway.AtLow, skyBlue())
		paintSway(c, toX, y, middle, sway.AtHigh, orange())
	}
	c.StrokeLine2(draw.LineStyle{Color: black(), Width: 1}, toX(middle), bottom, toX(middle), bottom+rowHeight*vg.Length(len(sways)))
	style := textStyle(labelSize, black())
	style.XAlign = draw.XCenter
	c.FillText(style, vg.Point{X: toX(middle), Y: bottom - 18}, units.Number(rounded(middle))+" "+figure)
}

// paintSway draws a bar from the middle to the value of the figure, with the value at its end.
func paintSway(c draw.Canvas, toX func(float64) vg.Length, y vg.Length, middle, value float64, fill color.Color) {
	from, to := min(toX(middle), toX(value)), max(toX(middle), toX(value))
	paintBar(c, from, y, to-from, fill)
	style := textStyle(smallSize, grey())
	at := vg.Point{X: to + 4, Y: y + 5}
	switch {
	case value == middle:
		return
	case value < middle:
		style.XAlign, at.X = draw.XRight, from-4
	}
	c.FillText(style, at, units.Number(rounded(value)))
}

// rounded returns a value rounded to three significant digits.
func rounded(value float64) float64 {
	if value == 0 {
		return 0
	}
	power := math.Pow(10, math.Floor(math.Log10(math.Abs(value)))-2)
	return math.Round(value/power) * power
}
