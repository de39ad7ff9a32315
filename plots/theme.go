package plots

import (
	"image/color"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of the page.
const (
	pageWidth   = 760 * vg.Length(1) // points
	pageHeight  = 440 * vg.Length(1)
	margin      = 14 * vg.Length(1)
	dotsPerInch = 144
)

// Sizes of type in points.
const (
	titleSize = 15
	labelSize = 11
	smallSize = 10
)

// The colours of Okabe and Ito, "Color Universal Design" (2008), which colour-blind people can distinguish.
func black() color.Color         { return color.NRGBA{0x22, 0x22, 0x22, 0xff} }
func orange() color.Color        { return color.NRGBA{0xe6, 0x9f, 0x00, 0xff} }
func skyBlue() color.Color       { return color.NRGBA{0x56, 0xb4, 0xe9, 0xff} }
func bluishGreen() color.Color   { return color.NRGBA{0x00, 0x9e, 0x73, 0xff} }
func yellow() color.Color        { return color.NRGBA{0xf0, 0xe4, 0x42, 0xff} }
func blue() color.Color          { return color.NRGBA{0x00, 0x72, 0xb2, 0xff} }
func vermillion() color.Color    { return color.NRGBA{0xd5, 0x5e, 0x00, 0xff} }
func reddishPurple() color.Color { return color.NRGBA{0xcc, 0x79, 0xa7, 0xff} }
func grey() color.Color          { return color.NRGBA{0x66, 0x66, 0x66, 0xff} }
func pale() color.Color          { return color.NRGBA{0xe4, 0xe4, 0xe4, 0xff} }
func phaseTint() color.Color     { return color.NRGBA{0xf3, 0xf3, 0xf3, 0xff} }
func bandTint() color.Color      { return color.NRGBA{0xcd, 0xdf, 0xee, 0xff} }
func faultTint() color.Color     { return color.NRGBA{0xfb, 0xe3, 0xd4, 0xff} }

// lineWidth returns the width of a line, thinner if many points lie close together.
func lineWidth(points int) vg.Length {
	if points > 400 {
		return 1.1
	}
	return 1.8
}

// lineStyle returns the style of the i-th of several lines: seven colours, then dashed ones.
func lineStyle(i int) draw.LineStyle {
	colors := []color.Color{blue(), vermillion(), bluishGreen(), orange(), reddishPurple(), skyBlue(), black()}
	dashes := [][]vg.Length{nil, {6, 3}, {2, 2}}
	return draw.LineStyle{
		Color: colors[i%len(colors)], Width: 1.8, Dashes: dashes[i/len(colors)%len(dashes)],
	}
}

// typeface returns Liberation Sans, which has the widths of Arial and Helvetica.
func typeface(size vg.Length) plotfont.Font {
	return plotfont.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

func textStyle(size vg.Length, ink color.Color) text.Style {
	return text.Style{Color: ink, Font: typeface(size), Handler: plot.DefaultTextHandler, YAlign: draw.YBottom}
}

func boldStyle(size vg.Length) text.Style {
	style := textStyle(size, black())
	style.Font.Weight = font.WeightBold
	return style
}

// newPanel returns an empty plot in the theme.
func newPanel(x, y axis) panel {
	p := plot.New()
	p.BackgroundColor = color.White
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Padding = 0
		a.LineStyle = draw.LineStyle{Color: grey(), Width: 0.8}
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Length = 4
		a.Tick.Label.Font, a.Tick.Label.Color = typeface(smallSize), black()
		a.Label.TextStyle.Font, a.Label.TextStyle.Color = typeface(labelSize), black()
		a.Label.Padding = 4
	}
	x.apply(&p.X)
	y.apply(&p.Y)
	p.Y.Label.Text = ""
	return panel{Plot: p, label: y.label}
}
