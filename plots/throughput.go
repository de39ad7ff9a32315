package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// logAbove is the ratio of the busiest step to the least busy one above which the axis is logarithmic, so
// that both are visible.
const logAbove = 40

// fewSteps is the most steps in one panel. More steps get a panel each, because so many lines are hard to
// distinguish.
const fewSteps = 4

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
		p.height = p.throughput(r)
	}
	return nil
}

// passes holds the people who pass a step over time.
type passes struct {
	step string
	rate []float64
}

// throughput fills the page and returns its height.
func (p *page) throughput(r report.Report) vg.Length {
	b := newBins(r.Series)
	var all []passes
	most, least := 0.0, math.Inf(1)
	for _, step := range r.Series.Steps {
		rate := b.rate(step.Passed)
		if peak := largest(rate); peak > 0 {
			most, least = max(most, peak), min(least, peak)
			all = append(all, passes{step.Step, rate})
		}
	}
	if len(all) == 0 {
		p.note = "no data: nobody passed a step"
		return pageHeight
	}
	y := axis{label: b.rateUnit("people passed"), max: 1.05 * most}
	if most > logAbove*least {
		floor := math.Pow(10, math.Floor(math.Log10(least/10)))
		y = axis{label: y.label + ", log scale", max: 1.5 * most, min: max(floor, most/1e5), log: true}
	}
	p.caption, p.note = caption(r.Timeline, b.unit), ""
	if len(all) <= fewSteps {
		p.together(r, b, y, all)
		return pageHeight
	}
	return p.apart(r, b, y, all)
}

// together draws all steps in one panel.
func (p *page) together(r report.Report, b bins, y axis, all []passes) {
	plotted := newPanel(b.axis, y)
	plotted.Add(bands{events: r.Timeline, unit: b.unit, numbers: true}, grid{})
	for i, step := range all {
		plotted.Add(b.line(step.rate, lineStyle(i)))
		p.legend = append(p.legend, entry{name: shortened(step.step, longestName), line: lineStyle(i)})
	}
	p.panels = []panel{plotted}
}

// apart draws each step in a small panel, in the order of the journey. All panels have the same axes.
func (p *page) apart(r report.Report, b bins, y axis, all []passes) vg.Length {
	const panelHeight, edges = 92, 120 * vg.Length(1)
	p.columns = 3
	x := b.axis
	x.most, y.most = 4, 4
	style := lineStyle(0)
	style.Width = 1.2
	for i, step := range all {
		plotted := newPanel(x, y)
		plotted.name = shortened(step.step, longestName)
		plotted.Add(bands{events: r.Timeline, unit: b.unit, numbers: i == 0}, grid{}, b.line(step.rate, style))
		p.panels = append(p.panels, plotted)
	}
	rows := (len(all) + p.columns - 1) / p.columns
	return edges + vg.Length(rows)*panelHeight
}

func describeThroughput(r report.Report) (parts []string) {
	for _, row := range r.Funnel {
		if row.Passed > 0 {
			parts = append(parts, fmt.Sprintf("%s passed at most %s in one minute", row.Step, units.Number(row.PeakPassedPerMin)))
		}
	}
	return parts
}
