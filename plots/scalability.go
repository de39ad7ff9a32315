package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/units"
)

// Scalability draws the universal scalability law over the points that it was fitted to. The band between low and high
// shows the intervals of its parameters; nil leaves it out. A law whose Lambda is 0 is left out too.
func Scalability(what string, points []capacity.Point, law capacity.USL, low, high *capacity.USL) (Figure, error) {
	d := drawing{name: "scalability", title: "Throughput against concurrency (universal scalability law)", question: "How far does the service scale?"}
	p := page{title: d.title, subtitle: what, note: "no data: there are no points"}
	switch {
	case len(points) > 0 && law.Lambda > 0:
		p.scalability(points, law, low, high)
	case len(points) > 0:
		p.points(points)
	}
	return d.render(&p)
}

func (p *page) scalability(points []capacity.Point, law capacity.USL, low, high *capacity.USL) {
	fitted := draw.LineStyle{Color: blue(), Width: 1.8}
	linear := draw.LineStyle{Color: grey(), Width: 1, Dashes: []vg.Length{5, 3}}
	measured, farthest, most := pointMarks(points)
	if peak, any := law.PeakConcurrency(); any && peak < 3*farthest {
		farthest = max(farthest, 1.3*peak)
	}
	x := evenly(1, 1.05*farthest, 200)
	y := throughputs(law, x)
	p.legend = []entry{{name: "measured", fill: vermillion()}, {name: "fitted", line: fitted}, {name: "in proportion", line: linear}}
	top := 1.08 * max(most, largest(y))
	var band area
	if low != nil && high != nil {
		band = area{x: x, lower: throughputs(*low, x), upper: throughputs(*high, x), fill: bandTint()}
		top = max(top, min(1.5*most, 1.02*largest(band.upper)))
		p.legend = append(p.legend, entry{name: "95% band", fill: bandTint()})
	}
	plotted := concurrencyPanel(farthest, top)
	if band.x != nil {
		plotted.Add(band)
	}
	plotted.Add(grid{}, curve{x: []float64{0, farthest}, y: []float64{0, law.Lambda * farthest}, style: linear}, curve{x: x, y: y, style: fitted}, measured)
	p.panels, p.note = []panel{plotted}, ""
	words := fmt.Sprintf("σ = %.4g · κ = %.4g · λ = %.4g/s", law.Sigma, law.Kappa, law.Lambda)
	if peak, any := law.PeakConcurrency(); any {
		if throughput, known := law.PeakThroughput(); known {
			words += fmt.Sprintf(" · peak %s/s at %s", units.Number(math.Round(throughput)), units.Number(math.Round(peak)))
		}
	}
	p.caption = []string{words}
}

// points draws the measured points without a law.
func (p *page) points(points []capacity.Point) {
	measured, farthest, most := pointMarks(points)
	plotted := concurrencyPanel(farthest, 1.08*most)
	plotted.Add(grid{}, measured)
	p.panels, p.note, p.legend = []panel{plotted}, "", []entry{{name: "measured", fill: vermillion()}}
	p.caption = []string{"no law of scalability fits these points"}
}

func pointMarks(points []capacity.Point) (measured marks, farthest, most float64) {
	farthest = 1
	for _, point := range points {
		farthest, most = max(farthest, point.Concurrency), max(most, point.Throughput)
		measured = append(measured, mark{x: point.Concurrency, y: point.Throughput, style: dot(vermillion())})
	}
	return measured, farthest, most
}

func concurrencyPanel(farthest, top float64) panel {
	return newPanel(axis{label: "under way at once (concurrency)", max: 1.05 * farthest}, axis{label: "completed per second", max: top})
}

func throughputs(law capacity.USL, at []float64) []float64 {
	values := make([]float64, len(at))
	for i, concurrency := range at {
		values[i] = math.NaN()
		if throughput, err := law.Throughput(concurrency); err == nil {
			values[i] = throughput
		}
	}
	return values
}

// evenly returns n places between two.
func evenly(from, to float64, n int) []float64 {
	places := make([]float64, n)
	for i := range places {
		places[i] = from + (to-from)*float64(i)/float64(n-1)
	}
	return places
}
