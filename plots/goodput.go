package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// fate is one outcome at a step with its colour.
type fate struct {
	name   string
	column []int64
	fill   color.Color
}

// fates returns the outcomes of a step, the good one first.
func fates(step report.StepSeries) []fate {
	return []fate{
		{"passed", step.Passed, bluishGreen()},
		{"declined", step.Declined, skyBlue()},
		{"rejected", step.Rejected, yellow()},
		{"failed", step.Failed, vermillion()},
		{"timed out", step.TimedOut, reddishPurple()},
		{"abandoned", step.Abandoned, grey()},
	}
}

func goodputFigure() drawing {
	return drawing{
		name: "goodput", title: "Arrivals, outcomes and queues",
		question: "Does the service keep up with the people who arrive?",
		draw:     drawGoodput, describe: describeGoodput,
	}
}

// drawGoodput draws who arrived to the main step, how each attempt ended, and how many people wait.
func drawGoodput(p *page, r report.Report) error {
	p.height = pageHeight + 60
	if step, ok := mainStep(r); ok {
		p.title = "Arrivals and outcomes at " + shortened(step.Step, longestName) + ", and the longest queues"
		p.goodput(r, step)
	}
	return nil
}

func (p *page) goodput(r report.Report, step report.StepSeries) {
	b := newBins(r.Series)
	arrivals := b.rate(step.Entered)
	came := draw.LineStyle{Color: black(), Width: 1.6, Dashes: []vg.Length{5, 3}}
	p.legend = []entry{{name: "arrived at " + shortened(step.Step, longestName), line: came}}
	draws, highest := p.stacked, 1.0
	y := axis{label: b.rateUnit("people")}
	if uneven(arrivals) {
		draws, highest = p.separate, 1.5
		y.label, y.log, y.min = y.label+", log scale", true, max(smallest(arrivals)/2, largest(arrivals)/1e6)
	}
	plotters, most := draws(b, step)
	y.max = max(1.05, highest) * max(most, largest(arrivals))
	x := b.axis
	x.label = ""
	upper := newPanel(x, y)
	upper.Add(bands{events: r.Timeline, unit: b.unit, numbers: true}, grid{})
	upper.Add(plotters...)
	upper.Add(b.line(arrivals, came))
	p.panels, p.caption, p.note = []panel{upper, p.backlog(r, b)}, caption(r.Timeline, b.unit), ""
}

// stacked draws the outcomes on top of each other and returns their total height.
func (p *page) stacked(b bins, step report.StepSeries) (areas []plot.Plotter, most float64) {
	base := make([]float64, b.count)
	for _, fate := range fates(step) {
		rate := b.rate(fate.column)
		if largest(rate) == 0 {
			continue
		}
		upper := make([]float64, b.count)
		for i := range upper {
			upper[i] = base[i] + rate[i]
		}
		areas = append(areas, area{x: b.x, lower: base, upper: upper, fill: fate.fill})
		p.legend = append(p.legend, entry{name: fate.name, fill: fate.fill})
		base = upper
	}
	return areas, largest(base)
}

// separate draws the outcomes as lines, because heights cannot be stacked on a log axis.
func (p *page) separate(b bins, step report.StepSeries) (lines []plot.Plotter, most float64) {
	for _, fate := range fates(step) {
		rate, style := b.rate(fate.column), draw.LineStyle{Color: fate.fill, Width: 1.8}
		if largest(rate) == 0 {
			continue
		}
		most = max(most, largest(rate))
		lines = append(lines, b.line(rate, style))
		p.legend = append(p.legend, entry{name: fate.name, line: style})
	}
	return lines, most
}

// queue is the number of people at a step over time.
type queue struct {
	step    int // place in the series
	name    string
	waiting []float64
}

// backlog draws the number of people at the steps with the longest queues.
func (p *page) backlog(r report.Report, b bins) panel {
	queues := longest(r.Series, b)
	var columns [][]float64
	for _, queue := range queues {
		columns = append(columns, queue.waiting)
	}
	y := axis{label: "people at the step", max: 1.08 * largest(columns...), most: 5}
	if len(columns) > 0 && uneven(columns[0]) {
		y.label, y.log, y.min, y.max = y.label+", log", true, 1, 1.5*y.max
	}
	lower := newPanel(b.axis, y)
	lower.Add(bands{events: r.Timeline, unit: b.unit}, grid{})
	for i, queue := range queues {
		style := lineStyle(3 * i) // blue, orange, black: none of the outcomes' colours
		lower.Add(b.line(queue.waiting, style))
		p.legend = append(p.legend, entry{name: "waiting at " + queue.name, line: style})
	}
	return lower
}

// longest returns the queues of at most three steps, the longest first.
func longest(series report.Series, b bins) (queues []queue) {
	for i, step := range series.Steps {
		var went [][]int64
		for _, fate := range fates(step) {
			went = append(went, fate.column)
		}
		if waiting := b.level(step.Entered, went...); largest(waiting) > 0 {
			queues = append(queues, queue{i, shortened(step.Step, longestName), waiting})
		}
	}
	slices.SortStableFunc(queues, func(a, b queue) int { return cmp.Compare(largest(b.waiting), largest(a.waiting)) })
	return queues[:min(len(queues), 3)]
}

func describeGoodput(r report.Report) (parts []string) {
	step, ok := mainStep(r)
	if !ok {
		return nil
	}
	for _, row := range r.Funnel {
		if row.Step != step.Step {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s people arrived at %s", units.Number(row.Entered), row.Step),
			fmt.Sprintf("at most %s passed in one minute", units.Number(row.PeakPassedPerMin)))
		for _, outcome := range outcomes(row) {
			if outcome.count > 0 {
				parts = append(parts, units.Number(outcome.count)+" "+outcome.name)
			}
		}
	}
	for _, queue := range longest(r.Series, newBins(r.Series)) {
		parts = append(parts, fmt.Sprintf("at most %s at %s at one time", units.Number(largest(queue.waiting)), queue.name))
	}
	return parts
}
