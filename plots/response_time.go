package plots

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/report"
)

// ResponseTime draws the quantiles of the response time at the main step and at the slowest other.
func ResponseTime(r report.Report) (Figure, error) {
	const title = "Response time from the instant people meant to act"
	p := page{title: title, subtitle: subtitle(r), note: "no data"}
	if step, ok := mainStep(r.Series); ok {
		p.responseTime(r, step)
	}
	return render("response-time", title, pageHeight+40, p.paint)
}

func (p *page) responseTime(r report.Report, step report.StepSeries) {
	b := newBins(r.Series)
	steps := []report.StepSeries{step}
	if slowest, ok := slowestOther(r, step.Step); ok {
		steps = append(steps, slowest)
	}
	for _, step := range steps {
		if panel, ok := responsePanel(r, b, step); ok {
			panel.Add(bands{events: r.Timeline, unit: b.unit, numbers: len(p.panels) == 0}, grid{})
			addQuantiles(panel, b, step)
			p.panels = append(p.panels, panel)
		}
	}
	if len(p.panels) == 0 {
		p.note = "no data: no attempt was answered"
		return
	}
	for _, panel := range p.panels[:len(p.panels)-1] {
		panel.X.Label.Text = ""
	}
	for i, name := range []string{"p50", "p95", "p99"} {
		p.legend = append(p.legend, entry{name: name, line: quantileStyle(i)})
	}
	if b.width > 1 {
		p.subtitle += " · of each second, averaged over " + duration(float64(b.width))
	}
	p.caption, p.note = caption(r.Timeline), ""
}

func quantiles(step report.StepSeries) []report.Column {
	return []report.Column{step.P50, step.P95, step.P99}
}

func quantileStyle(i int) draw.LineStyle {
	return []draw.LineStyle{{Color: skyBlue(), Width: 1.8}, {Color: blue(), Width: 1.8}, {Color: vermillion(), Width: 1.8}}[i]
}

// responsePanel returns an empty panel with the axes that the step's response times need.
func responsePanel(_ report.Report, b bins, step report.StepSeries) (*plot.Plot, bool) {
	var columns [][]float64
	for _, column := range quantiles(step) {
		columns = append(columns, b.mean(column, step.Requests))
	}
	least, most := smallest(columns...), largest(columns...)
	if most == 0 {
		return nil, false
	}
	y := axis{label: step.Step + " (log scale)", min: least / 1.5, max: most * 1.5, log: true, write: duration}
	return newPanel(b.axis, y), true
}

func addQuantiles(panel *plot.Plot, b bins, step report.StepSeries) {
	for i, column := range quantiles(step) {
		panel.Add(b.line(b.mean(column, step.Requests), quantileStyle(i)))
	}
}

// slowestOther returns the step with the largest p99 besides the one named.
func slowestOther(r report.Report, name string) (slowest report.StepSeries, found bool) {
	most := 0.0
	for _, row := range r.Steps {
		if row.Step == name || row.ResponseTimeS == nil || row.ResponseTimeS.P99 <= most {
			continue
		}
		for _, step := range r.Series.Steps {
			if step.Step == row.Step {
				slowest, most, found = step, row.ResponseTimeS.P99, true
			}
		}
	}
	return slowest, found
}
