package render

import (
	"crypto/sha256"
	_ "embed" // the scripts of the page
	"encoding/base64"
	"html/template"
	"math"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// The scripts let readers zoom if JavaScript is on: uPlot 1.6.32 (Leon Sorokin, MIT, see uplot/LICENSE) and
// the code that calls it.
var (
	//go:embed uplot/uPlot.iife.min.js
	chartScript string
	//go:embed uplot/uPlot.min.css
	chartStyle string
	//go:embed zoom.js
	zoomScript string
)

// ChartScript returns the library that draws charts in a browser, uPlot.
func ChartScript() string { return chartScript }

// ChartStyle returns the style sheet of the library.
func ChartStyle() string { return chartStyle }

// mostPoints is the most points a chart draws; longer runs are aggregated into stretches.
const mostPoints = 2000

// zoomCharts holds what the zoomable charts need.
type zoomCharts struct {
	Style   template.CSS
	Scripts []template.JS
	Data    stretches
}

// stretches is the series aggregated into stretches of whole seconds.
type stretches struct {
	T     []float64    `json:"t"`     // start of each stretch, in real seconds since the start of the run
	First int          `json:"first"` // index of the main step
	Steps []stretchRow `json:"steps"`
}

// stretchRow is one step: people per second, and the highest quantile of any second in each stretch.
type stretchRow struct {
	Step    string     `json:"step"`
	Entered []float64  `json:"entered"`
	Passed  []float64  `json:"passed"`
	Lost    []float64  `json:"lost"` // rejected, failed, timed out or abandoned
	P50     []*float64 `json:"p50"`
	P95     []*float64 `json:"p95"`
	P99     []*float64 `json:"p99"`
}

// newZoomCharts returns nil if there is no series to show.
func newZoomCharts(r report.Report) *zoomCharts {
	s := r.Series
	if len(s.TS) < 2 || len(s.Steps) == 0 {
		return nil
	}
	width := (len(s.TS) + mostPoints - 1) / mostPoints
	c := &zoomCharts{Style: template.CSS(chartStyle), Scripts: []template.JS{template.JS(chartScript), template.JS(zoomScript)}}
	for from := 0; from < len(s.TS); from += width {
		c.Data.T = append(c.Data.T, float64(s.TS[from]))
	}
	for i, step := range s.Steps {
		if step.Step == funnel.SignUp {
			c.Data.First = i
		}
		lost := make([]int64, len(s.TS))
		for row := range lost {
			lost[row] = step.Rejected[row] + step.Failed[row] + step.TimedOut[row] + step.Abandoned[row]
		}
		c.Data.Steps = append(c.Data.Steps, stretchRow{
			Step: step.Step, Entered: perSecond(step.Entered, width), Passed: perSecond(step.Passed, width), Lost: perSecond(lost, width),
			P50: worstOf(step.P50, width), P95: worstOf(step.P95, width), P99: worstOf(step.P99, width),
		})
	}
	return c
}

func perSecond(counts []int64, width int) (rates []float64) {
	for from := 0; from < len(counts); from += width {
		to := min(from+width, len(counts))
		sum := int64(0)
		for _, count := range counts[from:to] {
			sum += count
		}
		rates = append(rates, math.Round(100*float64(sum)/float64(to-from))/100)
	}
	return rates
}

func worstOf(column report.Column, width int) (worst []*float64) {
	for from := 0; from < len(column); from += width {
		var most *float64
		for _, value := range column[from:min(from+width, len(column))] {
			if value > 0 && !math.IsInf(value, 0) && (most == nil || value > *most) {
				most = &value
			}
		}
		worst = append(worst, most)
	}
	return worst
}

// policy allows only the page's own scripts (by their hashes), styles, images and typefaces (Content Security
// Policy Level 3, section 2.3.1).
func (c *zoomCharts) policy() string {
	policy := "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
	if c == nil {
		return policy
	}
	policy += "; script-src"
	for _, script := range c.Scripts {
		sum := sha256.Sum256([]byte(script))
		policy += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return policy
}
