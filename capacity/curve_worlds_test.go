package capacity_test

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
)

// world is a made-up truth: people come, go on or never do, and are counted. Nothing of the fit is used to make it; each
// person is drawn. One unit of its time is a day, at whose end the fit looks.
type world struct {
	steps    int
	people   int
	rows     int                            // until T
	uneven   bool                           // rows are not evenly spaced
	arrivals capacity.Arrivals              // what is declared, and true
	comes    func(*rand.Rand) float64       // when a person comes, in days; may be after 8
	shares   []func(cohort float64) float64 // who ever go on, of those who pass a step at a time
	delays   []func(*rand.Rand) float64     // in days of the clock below
	noise    float64                        // standard deviation of the speed at which people go on, from row to row
	cycle    float64                        // amplitude of the speed over the day and the night
}

const day = 86_400

// tally plays a world and returns the counts up to T, and those at 2, 4 and 8 T by step.
func (w world) tally(r *rand.Rand) (counts capacity.Counts, truth [3][]float64) {
	clocks := make([][]float64, w.steps)
	for k := range clocks {
		clocks[k] = w.clock(r)
	}
	ends := []float64{0}
	for i := range w.rows {
		ends = append(ends, float64(i+1)/float64(w.rows))
	}
	if w.uneven {
		for i := 1; i < w.rows; i++ {
			ends[i] += (r.Float64() - 0.5) * 0.9 / float64(w.rows)
		}
	}
	passes := make([][]float64, w.steps)
	for range w.people {
		at := w.comes(r)
		for k := range passes {
			if k > 0 {
				if r.Float64() >= w.shares[k-1](at) {
					break
				}
				at = later(clocks[k], at, w.delays[k-1](r))
			}
			if at > 8 {
				break
			}
			passes[k] = append(passes[k], at)
		}
	}
	for k := range passes {
		slices.Sort(passes[k])
		counts.Steps = append(counts.Steps, string(rune('a'+k)))
	}
	by := func(at float64) (row []float64) {
		for k := range passes {
			place, _ := slices.BinarySearch(passes[k], at)
			row = append(row, float64(place))
		}
		return row
	}
	for _, end := range ends {
		counts.Times, counts.Passed = append(counts.Times, end*day), append(counts.Passed, by(end))
	}
	for i, at := range []float64{2, 4, 8} {
		truth[i] = by(at)
	}
	return counts, truth
}

// clock returns how much time of people has gone by at each hundredth of a day.
func (w world) clock(r *rand.Rand) []float64 {
	const ticks = 100
	times, speed := []float64{0}, 1.0
	for i := range 8*ticks + 1 {
		if i%(ticks/20) == 0 && w.noise > 0 {
			speed = gammaDraw(r, 1/w.noise/w.noise) * w.noise * w.noise
		}
		at := (float64(i) + 0.5) / ticks
		times = append(times, times[i]+speed*(1+w.cycle*math.Sin(2*math.Pi*3*at))/ticks) // three cycles in the time seen
	}
	return times
}

// later returns the day at which time of people, from a day on, has gone by.
func later(clock []float64, from, time float64) float64 {
	read := func(at float64) float64 {
		place := min(int(at*100), len(clock)-2)
		return clock[place] + (at*100-float64(place))*(clock[place+1]-clock[place])
	}
	if from > 8 {
		return math.Inf(1)
	}
	due := read(from) + time
	place, _ := slices.BinarySearch(clock, due)
	if place >= len(clock) {
		return math.Inf(1)
	}
	if place == 0 {
		return 0
	}
	return (float64(place-1) + (due-clock[place-1])/(clock[place]-clock[place-1])) / 100
}

// gammaDraw draws a gamma variable of scale 1 by the method of Marsaglia and Tsang, 2000.
func gammaDraw(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gammaDraw(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1./3
	for {
		x := r.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func between(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

func evenly(r *rand.Rand, low, high float64) float64 { // in the logarithm
	return low * math.Pow(high/low, r.Float64())
}

// knownTime returns a distribution of one of the families of the fit.
func knownTime(r *rand.Rand, median float64) func(*rand.Rand) float64 {
	switch r.IntN(4) {
	case 0:
		sigma := between(r, 0.4, 1.8)
		return func(r *rand.Rand) float64 { return median * math.Exp(sigma*r.NormFloat64()) }
	case 1:
		shape := between(r, 0.7, 2.5)
		scale := median / math.Pow(math.Ln2, 1/shape)
		return func(r *rand.Rand) float64 { return scale * math.Pow(r.ExpFloat64(), 1/shape) }
	case 2:
		shape := between(r, 0.6, 4)
		half := make([]float64, 999)
		for i := range half {
			half[i] = gammaDraw(r, shape)
		}
		slices.Sort(half)
		return func(r *rand.Rand) float64 { return median * gammaDraw(r, shape) / half[499] }
	}
	return func(r *rand.Rand) float64 { return median * r.ExpFloat64() / math.Ln2 }
}

// knownWorld returns a world of the families that the fit has.
func knownWorld(r *rand.Rand) world {
	w := world{steps: 3 + r.IntN(2), people: int(evenly(r, 500, 50_000)), rows: 12 + r.IntN(19), uneven: r.IntN(3) == 0}
	switch r.IntN(4) {
	case 0:
		w.arrivals = capacity.ArrivalsStop
		w.comes = func(r *rand.Rand) float64 { return math.Sqrt(r.Float64()) }
	case 1:
		w.arrivals = capacity.ArrivalsHold
		w.comes = func(r *rand.Rand) float64 { return 8 * r.Float64() }
	default:
		w.arrivals, w.comes = capacity.ArrivalsFade, knownTime(r, evenly(r, 0.05, 0.7))
	}
	for range w.steps - 1 {
		share := between(r, 0.1, 0.95)
		w.shares = append(w.shares, func(float64) float64 { return share })
		w.delays = append(w.delays, knownTime(r, evenly(r, 0.01, 0.6)))
	}
	if r.IntN(2) == 0 {
		w.noise = between(r, 0.05, 0.4)
	}
	return w
}

// strangeWorlds change a world to one of a family that the fit lacks.
var strangeWorlds = []struct {
	name   string
	change func(*rand.Rand, *world)
}{
	{"times with two humps: most within minutes, the others the next day", func(r *rand.Rand, w *world) {
		for k := range w.delays {
			quick, late := between(r, 0.4, 0.8), between(r, 0.8, 1.5)
			w.delays[k] = func(r *rand.Rand) float64 {
				if r.Float64() < quick {
					return 0.02 * math.Exp(0.5*r.NormFloat64())
				}
				return late * math.Exp(0.2*r.NormFloat64())
			}
		}
	}},
	{"times with a tail of a power law", func(r *rand.Rand, w *world) {
		for k := range w.delays {
			power, scale := between(r, 0.5, 1), evenly(r, 0.01, 0.1)
			w.delays[k] = func(r *rand.Rand) float64 { return scale * (math.Pow(1-r.Float64(), -1/power) - 1) }
		}
	}},
	{"people sleep: what they do runs in cycles, three in the time seen", func(_ *rand.Rand, w *world) { w.cycle = 0.9 }},
	{"who comes later goes on less: the share halves each time T", func(_ *rand.Rand, w *world) {
		for k, share := range w.shares {
			w.shares[k] = func(cohort float64) float64 { return share(cohort) * math.Exp2(-cohort) }
		}
	}},
	{"arrivals stop at T, but are said to fade", func(_ *rand.Rand, w *world) {
		w.arrivals, w.comes = capacity.ArrivalsFade, func(r *rand.Rand) float64 { return math.Sqrt(r.Float64()) }
	}},
	{"arrivals fade, and come again in a second wave at 3 T", func(r *rand.Rand, w *world) {
		first := knownTime(r, 0.2)
		w.arrivals, w.comes = capacity.ArrivalsFade, func(r *rand.Rand) float64 {
			if r.IntN(3) == 0 {
				return 3 + 0.3*r.ExpFloat64()
			}
			return first(r)
		}
	}},
	{"families that the fit has, but half of those who go on take 1 to 3 T", func(r *rand.Rand, w *world) {
		for k := range w.delays {
			w.delays[k] = knownTime(r, evenly(r, 1, 3))
		}
	}},
}
