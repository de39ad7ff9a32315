package plots

import (
	"math"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

func spectrumFigure() drawing {
	return drawing{
		name: "spectrum", title: "Response time by percentile, over the whole run",
		question: "How long are the tails of each step?",
		draw:     drawSpectrum, describe: describeTimes,
	}
}

// drawSpectrum draws the response time at every percentile of each step, over the whole run. The x axis stretches
// the tail: each decade holds a tenth of the attempts of the one before (the percentile spectrum of Gil Tene's
// HdrHistogram).
func drawSpectrum(p *page, r report.Report) error {
	p.subtitle += " · passed and timed-out attempts"
	p.note = "no data: no attempt was answered"
	var curves []curve
	least, most, farthest := math.Inf(1), 0.0, 10.0
	for i, step := range r.Steps {
		x, y, err := percentiles(r.Histograms, step.Step)
		if err != nil {
			return err
		}
		if len(x) == 0 {
			continue
		}
		curves = append(curves, curve{x: x, y: y, style: lineStyle(i)})
		p.legend = append(p.legend, entry{name: shortened(step.Step, longestName), line: lineStyle(i)})
		least, most, farthest = min(least, smallest(y)), max(most, largest(y)), max(farthest, x[len(x)-1])
	}
	if len(curves) == 0 {
		return nil
	}
	plotted := newPanel(
		axis{label: "percentile of the attempts", min: 1, max: farthest, log: true, write: percentile},
		axis{label: "response time, log scale", min: least / 1.5, max: most * 1.5, log: true, write: units.ExactTime},
	)
	plotted.Add(grid{})
	for _, curve := range curves {
		plotted.Add(curve)
	}
	p.panels, p.note = []panel{plotted}, ""
	return nil
}

// percentiles returns 1/(1−share) and the response time in seconds, at shares that are even on a log scale, up to the
// last attempt but one.
func percentiles(histograms report.Histograms, step string) (x, y []float64, err error) {
	histogram, err := histograms.DecodeResponseTime(step, funnel.Completed, funnel.TimedOut)
	if err != nil || histogram == nil || histogram.TotalCount() == 0 {
		return nil, nil, err
	}
	var shares []float64
	for decades := 0.0; math.Pow(10, decades) <= max(float64(histogram.TotalCount()), 1); decades += 0.05 {
		x = append(x, math.Pow(10, decades))
		shares = append(shares, 100*(1-math.Pow(10, -decades)))
	}
	for _, micros := range histogram.ValueAtPercentilesSlice(shares) {
		y = append(y, float64(micros)/1e6)
	}
	return x, y, nil
}

// percentile writes 1/(1−share) as the percentage below: 1,000 is 99.9%.
func percentile(times float64) string { return units.Number(100-100/times) + " %" }
