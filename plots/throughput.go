package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"

	"github.com/ombak-sim/ombak/report"
)

// logAbove is the ratio of the busiest step to the least busy one above which the axis is logarithmic, so that both can
// be seen.
const logAbove = 40

func throughputFigure() drawing {
	return drawing{
		name: "throughput", title: "People who pass each step",
		question: "How many people pass each step, and when?",
		draw:     drawThroughput, describe: describeThroughput,
	}
}

// drawThroughput draws how many people pass each step over time.
func drawThroughput(p *page, r report.Report) error {
	if _, ok := mainStep(r); ok {
		p.throughput(r)
	}
	return nil
}

func (p *page) throughput(r report.Report) {
	b := newBins(r.Series)
	var curves []plot.Plotter
	most, least := 0.0, math.Inf(1)
	for i, step := range r.Series.Steps {
		rate := b.rate(step.Passed)
		peak := largest(rate)
		if peak == 0 {
			continue
		}
		most, least = max(most, peak), min(least, peak)
		curves = append(curves, b.line(rate, lineStyle(i)))
		p.legend = append(p.legend, entry{name: shortened(step.Step, longestName), line: lineStyle(i)})
	}
	if len(curves) == 0 {
		p.note = "no data: nobody passed a step"
		return
	}
	y := axis{label: b.rateUnit("people passed"), max: 1.05 * most}
	if most > logAbove*least {
		floor := math.Pow(10, math.Floor(math.Log10(least/10)))
		y = axis{label: y.label + ", log scale", max: 1.5 * most, min: max(floor, most/1e5), log: true}
	}
	plotted := newPanel(b.axis, y)
	plotted.Add(bands{events: r.Timeline, unit: b.unit, numbers: true}, grid{})
	plotted.Add(curves...)
	p.panels, p.caption, p.note = []panel{plotted}, caption(r.Timeline, b.unit), ""
}

func describeThroughput(r report.Report) (parts []string) {
	for _, row := range r.Funnel {
		if row.Passed > 0 {
			parts = append(parts, fmt.Sprintf("%s passed at most %s in one minute", row.Step, thousands(row.PeakPassedPerMin)))
		}
	}
	return parts
}
