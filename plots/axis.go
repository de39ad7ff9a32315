package plots

import (
	"math"

	"gonum.org/v1/plot"

	"github.com/ombak-sim/ombak/units"
)

// axis describes what an axis measures, its range, and how its ticks are labelled.
type axis struct {
	label    string
	min, max float64
	log      bool
	steps    []float64            // allowed distances between ticks; none means 1, 2, 5 × 10^k
	write    func(float64) string // labels of ticks; nil means numbers with separators
	most     int                  // most ticks; 0 means 8
}

var _ plot.Ticker = axis{}

// apply sets the axis of a plot. On a log axis the range is above 0 whatever the data.
func (a axis) apply(to *plot.Axis) {
	if a.log {
		a.max = max(a.max, 1e-9)
		if !(a.min > 0) || a.min >= a.max {
			a.min = a.max / 10
		}
		to.Scale = plot.LogScale{}
	}
	if !(a.max > a.min) {
		a.max = a.min + 1
	}
	to.Label.Text, to.Min, to.Max, to.Tick.Marker = a.label, a.min, a.max, a
}

// Ticks implements plot.Ticker.
func (a axis) Ticks(low, high float64) []plot.Tick {
	write := a.write
	if write == nil {
		write = units.Number
	}
	if a.log {
		return logTicks(low, high, write)
	}
	return a.evenTicks(low, high, write)
}

// evenTicks returns ticks at equal distances.
func (a axis) evenTicks(low, high float64, write func(float64) string) []plot.Tick {
	var ticks []plot.Tick
	most := a.most
	if most == 0 {
		most = 8
	}
	step := a.step((high - low) / float64(most))
	for k := math.Ceil(low/step - 1e-9); k*step <= high*(1+1e-9); k++ {
		ticks = append(ticks, plot.Tick{Value: k * step, Label: write(k * step)})
	}
	return ticks
}

// step returns the smallest allowed distance that is at least so large.
func (a axis) step(least float64) float64 {
	for _, step := range a.steps {
		if step >= least {
			return step
		}
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= least*(1-1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// logTicks labels every power of ten, and 2 and 5 between them if there are few. If that gives fewer than two labels, it
// labels every digit, and in an even shorter range it uses the steps of a linear axis.
func logTicks(low, high float64, write func(float64) string) []plot.Tick {
	few := math.Log10(high/low) < 2.2
	ticks := digitTicks(low, high, write, func(digit float64) bool { return digit == 1 || few && (digit == 2 || digit == 5) })
	if labels(ticks) < 2 {
		ticks = digitTicks(low, high, write, func(float64) bool { return true })
	}
	for most := 4; labels(ticks) < 2 && most <= 64; most *= 2 {
		ticks = axis{most: most}.evenTicks(low, high, write)
	}
	return ticks
}

// digitTicks returns ticks at every digit of every power of ten, some of them with labels.
func digitTicks(low, high float64, write func(float64) string, labelled func(digit float64) bool) []plot.Tick {
	var ticks []plot.Tick
	for power := math.Floor(math.Log10(low)); power <= math.Ceil(math.Log10(high)); power++ {
		for digit := 1.0; digit < 10; digit++ {
			tick := plot.Tick{Value: digit * math.Pow(10, power)}
			if tick.Value < low*(1-1e-9) || tick.Value > high*(1+1e-9) {
				continue
			}
			if labelled(digit) {
				tick.Label = write(tick.Value)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

func labels(ticks []plot.Tick) (n int) {
	for _, tick := range ticks {
		if tick.Label != "" {
			n++
		}
	}
	return n
}

// timeAxis returns an axis for the time since the start, in a unit that suits its length, and the seconds in that unit.
func timeAxis(from, to float64) (axis, float64) {
	a, unit := axis{steps: []float64{1, 2, 5, 10, 15, 20, 30, 60, 120, 300}, most: 14}, 1.0
	switch length := to - from; {
	case length > 3*3600:
		a.label, unit, a.steps = "time since the start (h)", 3600, []float64{0.25, 0.5, 1, 2, 3, 4, 6, 12, 24}
	case length > 10*60:
		a.label, unit = "time since the start (min)", 60
	default:
		a.label = "time since the start (s)"
	}
	a.min, a.max = from/unit, to/unit
	return a, unit
}
