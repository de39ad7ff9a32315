package plots

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

func heatMapFigure() drawing {
	return drawing{
		name: "heat-map", title: "Response time over time",
		question: "Are a few answers slow, or all of them?",
		draw:     drawHeatMap, describe: describeTimes,
	}
}

// drawHeatMap draws when attempts were answered and how fast, at the main step and at the slowest.
func drawHeatMap(p *page, r report.Report) error {
	shown := hottest(r)
	if len(shown) == 0 {
		p.note = "no data: no attempt was answered"
		return nil
	}
	most := 1.0
	for _, heat := range shown {
		most = max(most, hottestCell(heat))
	}
	p.heat(r, shown, most)
	p.height = pageHeight + vg.Length(160*(len(shown)-1))
	return nil
}

// hottest returns the heat maps of the main step and of the step with the longest 99th percentile.
func hottest(r report.Report) (shown []report.Heat) {
	main, _ := mainStep(r)
	heats := slices.Clone(r.Series.Heat)
	slices.SortStableFunc(heats, func(a, b report.Heat) int {
		return cmp.Or(-cmp.Compare(btoi(a.Step == main.Step), btoi(b.Step == main.Step)), -cmp.Compare(tail(r, a.Step), tail(r, b.Step)))
	})
	for _, heat := range heats {
		if hottestCell(heat) > 0 && heat.WidthS > 0 && len(shown) < 2 {
			shown = append(shown, heat)
		}
	}
	return shown
}

func btoi(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func tail(r report.Report, step string) float64 {
	for _, row := range r.Steps {
		if row.Step == step && row.ResponseTimeS != nil {
			return row.ResponseTimeS.P99
		}
	}
	return 0
}

func hottestCell(heat report.Heat) (most float64) {
	for _, column := range heat.Counts {
		most = max(most, largest(floats(column)))
	}
	return most
}

func (p *page) heat(r report.Report, shown []report.Heat, most float64) {
	bounds := report.HeatBounds()
	from, to := 0.0, 0.0
	low, high := len(bounds), 0
	for _, heat := range shown {
		from, to = min(from, float64(heat.FirstS)), max(to, float64(heat.FirstS)+float64(len(heat.Counts))*float64(heat.WidthS))
		for _, column := range heat.Counts {
			for row, count := range column {
				if count > 0 {
					low, high = min(low, row), max(high, row)
				}
			}
		}
	}
	x, unit := timeAxis(from, to)
	for i, heat := range shown {
		horizontal := x
		if i+1 < len(shown) {
			horizontal.label = ""
		}
		drawn := newPanel(horizontal, axis{label: shortened(heat.Step, longestLabel) + ": response time, log scale", min: floorOf(bounds, low), max: ceilingOf(bounds, high), log: true, write: units.ExactTime})
		drawn.Add(cells{heat: heat, unit: unit, most: most}, bands{events: r.Timeline, unit: unit, numbers: i == 0, outline: true})
		p.panels = append(p.panels, drawn)
	}
	for _, count := range scale(most) {
		p.legend = append(p.legend, entry{name: units.Number(count), fill: warmth(count, most)})
	}
	p.legend[len(p.legend)-1].name += " attempts in a cell"
	p.caption, p.note = caption(r.Timeline, unit), ""
}

// floorOf returns the lower edge of a row. The fastest row gets the same height as the next one.
func floorOf(bounds []float64, row int) float64 {
	if row == 0 {
		return bounds[1] * bounds[1] / bounds[2]
	}
	return bounds[row]
}

func ceilingOf(bounds []float64, row int) float64 {
	if row+1 < len(bounds) {
		return bounds[row+1]
	}
	return bounds[row] * bounds[row] / bounds[row-1]
}

// scale returns the counts in the legend: powers of ten, and the largest.
func scale(most float64) (counts []float64) {
	for count := 1.0; count < most*0.999; count *= 10 {
		counts = append(counts, count)
	}
	if len(counts) > 4 {
		counts = counts[len(counts)-4:]
	}
	return append(counts, most)
}

// warmth returns the colour of a count on a log scale, from pale blue to nearly black. It is readable in greyscale too.
func warmth(count, most float64) color.Color {
	share := 1.0
	if most > 1 {
		share = math.Log(count) / math.Log(most)
	}
	stops := []color.NRGBA{{0xd6, 0xe9, 0xf5, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x00, 0x72, 0xb2, 0xff}, {0x06, 0x1a, 0x33, 0xff}}
	at := min(max(share, 0), 1) * float64(len(stops)-1)
	i := min(int(at), len(stops)-2)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (at-float64(i))*(float64(b)-float64(a)))) }
	a, b := stops[i], stops[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

// cells fills a rectangle for every count above zero.
type cells struct {
	heat report.Heat
	unit float64 // seconds of one unit of the x axis
	most float64
}

var _ plot.Plotter = cells{}

// Plot implements plot.Plotter.
func (h cells) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	bounds := report.HeatBounds()
	for i, column := range h.heat.Counts {
		from := float64(h.heat.FirstS) + float64(i)*float64(h.heat.WidthS)
		left, right := toX(from/h.unit), toX((from+float64(h.heat.WidthS))/h.unit)
		for row, count := range column {
			if count == 0 || row >= len(bounds) {
				continue
			}
			low, high := toY(floorOf(bounds, row)), toY(ceilingOf(bounds, row))
			c.FillPolygon(warmth(float64(count), h.most), c.ClipPolygonXY(box(left, low, right-left+0.2, high-low+0.2)))
		}
	}
}
