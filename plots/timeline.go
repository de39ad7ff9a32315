package plots

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// mostEvents is the most events in a figure; more would hide the data.
const mostEvents = 12

// bands shades the events of the timeline behind the data: faults reddish, everything else grey. An event without length
// is a line. The caption explains the number of each.
type bands struct {
	events  []report.Event
	unit    float64 // seconds of one unit of the x axis
	numbers bool
	outline bool // lines without shade, over data that fills the panel
}

var _ plot.Plotter = bands{}

// drawn returns the events that are drawn.
func drawn(events []report.Event) []report.Event { return events[:min(len(events), mostEvents)] }

// Plot implements plot.Plotter.
func (b bands) Plot(c draw.Canvas, p *plot.Plot) {
	toX, _ := p.Transforms(&c)
	for _, event := range drawn(b.events) {
		from, to := toX(event.AtS/b.unit), toX((event.AtS+event.ForS)/b.unit)
		from, to = max(from, c.Min.X), min(to, c.Max.X)
		if from > to {
			continue
		}
		if event.ForS > 0 && !b.outline {
			fill := phaseTint()
			if event.Kind == funnel.FaultMark {
				fill = faultTint()
			}
			c.FillPolygon(fill, box(from, c.Min.Y, to-from, c.Size().Y))
		}
		c.StrokeLine2(draw.LineStyle{Color: grey(), Width: 0.6, Dashes: []vg.Length{2, 2}}, from, c.Min.Y, from, c.Max.Y)
	}
	if b.numbers {
		b.label(c, toX)
	}
}

// label writes the numbers above the panel, and moves them apart if events lie close together.
func (b bands) label(c draw.Canvas, toX func(float64) vg.Length) {
	style := textStyle(smallSize, grey())
	free := c.Min.X
	for i, event := range drawn(b.events) {
		x := toX(event.AtS / b.unit)
		if x < c.Min.X-1 || x > c.Max.X {
			continue
		}
		number := strconv.Itoa(i + 1)
		x = max(x, free)
		c.FillText(style, vg.Point{X: x, Y: c.Max.Y + 1}, number)
		free = x + style.Width(number) + 3
	}
}

// caption explains the numbers, with times in the unit of the x axis.
func caption(events []report.Event, unit float64) []string {
	write := func(seconds float64) string { return units.Number(math.Round(100*seconds/unit) / 100) }
	name := map[float64]string{1: "s", 60: "min", 3600: "h"}[unit]
	var parts []string
	for i, event := range drawn(events) {
		when := write(event.AtS)
		if event.ForS > 0 {
			when += "–" + write(event.AtS+event.ForS)
		}
		parts = append(parts, fmt.Sprintf("%d %s: %s (%s %s)", i+1, event.Kind, event.Text, when, name))
	}
	if more := len(events) - mostEvents; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return parts
}
