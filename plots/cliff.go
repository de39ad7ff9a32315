package plots

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/units"
)

// Load is the result of one level of load.
type Load struct {
	OfferedPerS float64 // people per second
	GoodputPerS float64 // people who passed, per second
	P99S        float64 // response time of passed and timed-out attempts in seconds; 0 if there was none
	Held        bool    // every threshold held
}

// Cliff draws goodput and response time against the offered load. Up to the limit, goodput equals the offered load.
// Beyond it, the goodput of an unprotected service collapses.
func Cliff(what string, loads []Load) (Figure, error) {
	d := drawing{name: "cliff", title: "Goodput and response time against offered load", question: "At which load does the service stop keeping up?"}
	p := page{title: d.title, subtitle: what, height: pageHeight + 60, note: "no data: no load was tried"}
	if len(loads) > 0 {
		p.cliff(slices.SortedFunc(slices.Values(loads), func(a, b Load) int { return cmp.Compare(a.OfferedPerS, b.OfferedPerS) }))
	}
	return d.render(&p)
}

func (p *page) cliff(loads []Load) {
	line := draw.LineStyle{Color: blue(), Width: 1.6}
	equal := draw.LineStyle{Color: grey(), Width: 1, Dashes: []vg.Length{5, 3}}
	var x, goodput, p99 []float64
	var good, slow marks
	for _, load := range loads {
		style := dot(bluishGreen())
		if !load.Held {
			style = ring(vermillion())
		}
		x, goodput, p99 = append(x, load.OfferedPerS), append(goodput, load.GoodputPerS), append(p99, load.P99S)
		good = append(good, mark{x: load.OfferedPerS, y: load.GoodputPerS, style: style})
		if load.P99S > 0 {
			slow = append(slow, mark{x: load.OfferedPerS, y: load.P99S, style: style})
		}
	}
	most := 1.05 * max(largest(x), 1e-9)
	upper := newPanel(axis{max: most}, axis{label: "people passed per second", max: 1.05 * max(largest(x), largest(goodput), 1e-9)})
	upper.Add(grid{}, curve{x: []float64{0, most}, y: []float64{0, most}, style: equal}, curve{x: x, y: goodput, style: line}, good)
	least := smallest(p99)
	if math.IsInf(least, 1) {
		least = 1e-3
	}
	lower := newPanel(axis{label: "people offered per second", max: most}, axis{label: "p99 response time, log scale", min: least / 1.5, max: 1.5 * max(largest(p99), least), log: true, write: units.ExactTime})
	lower.Add(grid{}, curve{x: x, y: p99, style: line}, slow)
	p.panels, p.note = []panel{upper, lower}, ""
	p.legend = []entry{{name: "offered load", line: equal}, {name: "held every threshold", fill: bluishGreen()}, {name: "did not", fill: vermillion()}}
}
