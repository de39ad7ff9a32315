package plots

import (
	"fmt"
	"strconv"

	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

func responseTimeFigure() drawing {
	return drawing{
		name: "response-time", title: "Response time, measured from the intended start",
		question: "How long do people wait for an answer, and when?",
		draw:     drawResponseTime, describe: describeTimes,
	}
}

// drawResponseTime draws quantiles of the response time at the main step and at the worst other step.
func drawResponseTime(p *page, r report.Report) error {
	p.height = pageHeight + 40
	if step, ok := mainStep(r); ok {
		p.responseTime(r, step)
	}
	return nil
}

func (p *page) responseTime(r report.Report, step report.StepSeries) {
	b := newBins(r.Series)
	steps := []report.StepSeries{step}
	if other, ok := worstOther(r, step.Step); ok {
		steps = append(steps, other)
	}
	for _, step := range steps {
		if panel, ok := responsePanel(b, step); ok {
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
		p.subtitle += " · of each second, averaged over " + units.Time(float64(b.width))
	}
	p.caption, p.note = caption(r.Timeline, b.unit), ""
}

func quantiles(step report.StepSeries) []report.Column {
	return []report.Column{step.P50, step.P95, step.P99}
}

func quantileStyle(i int) draw.LineStyle {
	return []draw.LineStyle{{Color: skyBlue(), Width: 1.8}, {Color: blue(), Width: 1.8}, {Color: vermillion(), Width: 1.8}}[i]
}

// responsePanel returns an empty panel with axes that fit the step's response times.
func responsePanel(b bins, step report.StepSeries) (panel, bool) {
	var columns [][]float64
	for _, column := range quantiles(step) {
		columns = append(columns, b.mean(column, step.Requests))
	}
	least, most := smallest(columns...), largest(columns...)
	if most == 0 {
		return panel{}, false
	}
	y := axis{label: shortened(step.Step, longestLabel) + " (log scale)", min: least / 1.5, max: most * 1.5, log: true, write: units.ExactTime}
	return newPanel(b.axis, y), true
}

func addQuantiles(to panel, b bins, step report.StepSeries) {
	for i, column := range quantiles(step) {
		to.Add(b.line(b.mean(column, step.Requests), quantileStyle(i)))
	}
}

// worstOther returns the step, other than the one named, that turned away, failed or lost most people. If there is none,
// it returns the slowest.
func worstOther(r report.Report, name string) (report.StepSeries, bool) {
	p99 := make(map[string]float64, len(r.Steps))
	for _, row := range r.Steps {
		if row.ResponseTimeS != nil {
			p99[row.Step] = row.ResponseTimeS.P99
		}
	}
	worst, lost := "", 0.0
	for _, row := range r.Funnel {
		bad := row.Rejected + row.Failed + row.TimedOut + row.Abandoned
		if row.Step != name && p99[row.Step] > 0 && (bad > lost || bad == lost && p99[row.Step] > p99[worst]) {
			worst, lost = row.Step, bad
		}
	}
	for _, step := range r.Series.Steps {
		if step.Step == worst {
			return step, worst != ""
		}
	}
	return report.StepSeries{}, false
}

func describeTimes(r report.Report) (parts []string) {
	for _, row := range r.Steps {
		if q := row.ResponseTimeS; q != nil {
			parts = append(parts, fmt.Sprintf("%s: half within %s, 95%% within %s, 99%% within %s", row.Step, about(q.P50), about(q.P95), about(q.P99)))
		}
	}
	return parts
}

// about writes a time with three significant digits.
func about(seconds float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(seconds, 'g', 3, 64), 64)
	if err != nil {
		return units.Time(seconds)
	}
	return units.Time(rounded)
}
