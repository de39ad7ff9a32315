package plots

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg/draw"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// bins gathers the seconds of a series: one by one and smoothed in a short run, in tens or in minutes in a long one.
type bins struct {
	first  int64 // second at which the first bin begins
	width  int   // seconds in a bin
	row    int   // seconds in a row of the series
	count  int
	smooth int     // bins that a rate is averaged over, odd
	unit   float64 // seconds of the unit of the x axis
	x      []float64
	axis   axis
}

// The longest runs, in seconds, with bins of one second and of ten.
const (
	shortRun = 10 * 60
	dayRun   = 3 * 3600
)

// newBins returns the bins of a series, which must have at least one row.
func newBins(series report.Series) bins {
	row := int(series.Width())
	length := len(series.TS) * row
	b := bins{first: series.TS[0], width: 1, row: row, smooth: 1}
	switch {
	case length > dayRun:
		b.width = max(60, row)
	case length > shortRun:
		b.width = max(10, row)
	default:
		b.smooth = min(5, 1+2*(length/20))
	}
	b.count = (length + b.width - 1) / b.width
	b.axis, b.unit = timeAxis(min(float64(b.first), 0), float64(b.first)+float64(length))
	for i := range b.count {
		b.x = append(b.x, (float64(b.first)+(float64(i)+0.5)*float64(b.width))/b.unit)
	}
	return b
}

// of returns the bin of a row of the series.
func (b bins) of(row int) int { return row * b.row / b.width }

// perMinute reports whether rates are per minute rather than per second.
func (b bins) perMinute() bool { return b.width > 1 }

// rateUnit returns the label of a rate with its unit.
func (b bins) rateUnit(what string) string {
	switch {
	case b.perMinute():
		return what + " per minute"
	case b.smooth > 1:
		return what + " per second (mean of " + units.Number(float64(b.smooth)) + " s)"
	}
	return what + " per second"
}

// rate returns the rate in each bin from counts per second.
func (b bins) rate(counts []int64) []float64 {
	sums := make([]float64, b.count)
	for i, count := range counts {
		sums[b.of(i)] += float64(count)
	}
	rates, half := make([]float64, b.count), b.smooth/2
	for i := range rates {
		from, to := max(i-half, 0), min(i+half+1, b.count)
		for _, sum := range sums[from:to] {
			rates[i] += sum
		}
		rates[i] /= float64(min(to*b.width, len(counts)*b.row) - from*b.width)
		if b.perMinute() {
			rates[i] *= 60
		}
	}
	return rates
}

// level returns, at the end of each bin, the running sum of arrivals less departures.
func (b bins) level(came []int64, went ...[]int64) []float64 {
	levels, now := make([]float64, b.count), 0.0
	for i := range came {
		now += float64(came[i])
		for _, column := range went {
			now -= float64(column[i])
		}
		levels[b.of(i)] = max(now, 0)
	}
	return levels
}

// mean averages a column over each bin, weighted by how many attempts it stands for.
func (b bins) mean(column report.Column, weights []int64) []float64 {
	sums, totals := make([]float64, b.count), make([]float64, b.count)
	for i, value := range column {
		if weight := float64(weights[i]); !math.IsNaN(value) && weight > 0 {
			sums[b.of(i)] += weight * value
			totals[b.of(i)] += weight
		}
	}
	for i := range sums {
		if sums[i] /= totals[i]; totals[i] == 0 {
			sums[i] = math.NaN()
		}
	}
	return sums
}

// line is a curve over the bins.
func (b bins) line(y []float64, style draw.LineStyle) curve {
	style.Width = min(style.Width, lineWidth(b.count))
	return curve{x: b.x, y: y, style: style}
}

// uneven reports whether the peak would flatten everything else on a linear axis: it is more than 40 times the median of
// the bins in which anything happened.
func uneven(column []float64) bool {
	var busy []float64
	for _, value := range column {
		if value > 0 {
			busy = append(busy, value)
		}
	}
	slices.Sort(busy)
	return len(busy) > 20 && busy[len(busy)-1] > 40*busy[len(busy)/2]
}

// mainStep returns the series of the step at which arrivals are scheduled, or of the sign-up if there is
// none, or of the first step. It returns false if there is no step.
func mainStep(r report.Report) (report.StepSeries, bool) {
	series := r.Series
	if len(series.TS) == 0 || len(series.Steps) == 0 {
		return report.StepSeries{}, false
	}
	for _, step := range series.Steps {
		if _, scheduled := r.Offered.ByStep[step.Step]; scheduled {
			return step, true
		}
	}
	for _, step := range series.Steps {
		if step.Step == funnel.SignUp {
			return step, true
		}
	}
	return series.Steps[0], true
}

// largest returns the largest known value of some columns, or 0 if there is none.
func largest(columns ...[]float64) float64 {
	most := 0.0
	for _, column := range columns {
		for _, value := range column {
			if value > most {
				most = value
			}
		}
	}
	return most
}

// smallest returns the smallest value above 0, or +Inf if there is none.
func smallest(columns ...[]float64) float64 {
	least := math.Inf(1)
	for _, column := range columns {
		for _, value := range column {
			if value > 0 && value < least {
				least = value
			}
		}
	}
	return least
}
