package capacity

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/workload"
)

// Arrivals says who comes to the first step after the last row. No count tells it, so it is assumed.
type Arrivals string

// What may be assumed of arrivals.
const (
	ArrivalsFade Arrivals = "fade" // they fade as the curve so far does, which is fitted
	ArrivalsStop Arrivals = "stop" // nobody else comes
	ArrivalsHold Arrivals = "hold" // they go on at the rate of the last third of the rows
)

// Ahead is the forecast of the counts at one instant.
type Ahead struct {
	At    float64 // seconds since the opening
	Steps []AheadStep
}

// AheadStep is the forecast of one count.
type AheadStep struct {
	Step     string
	Mean     float64
	Interval Interval // holds the count in 90 % of worlds
	// Assumed is the share of the variance that comes from what was assumed, not seen: the family of the times, and who
	// will come. Family and Arrivals are its parts.
	Assumed, Family, Arrivals float64
}

const (
	curveDraws  = 400
	mostSpacing = 1.35 // ratio of the spans ahead of the last row, from row to row
	mostAheadAt = 20
)

// Forecast predicts the counts at instants after the last row.
//
// It plays the funnel on from the last row, once for each of 400 draws of the parameters from their posterior: who has
// come and not gone on does so with the hazard of the fit, and the noise of rows is that of the rows seen. The variance
// is divided by playing again with the same chance: with the likeliest family and the expected arrivals only, and with
// the likeliest family and drawn arrivals.
func (f *CurveFit) Forecast(arrivals Arrivals, at ...float64) ([]Ahead, error) {
	if arrivals != ArrivalsFade && arrivals != ArrivalsStop && arrivals != ArrivalsHold {
		return nil, fmt.Errorf("arrivals that %q are not known; use fade, stop or hold", arrivals)
	}
	if len(at) == 0 || len(at) > mostAheadAt {
		return nil, fmt.Errorf("%d instants to forecast; give 1 to %d", len(at), mostAheadAt)
	}
	at = slices.Clone(at)
	slices.Sort(at)
	at = slices.Compact(at)
	for _, instant := range at {
		if !(instant > f.last() && instant <= mostSeconds) {
			return nil, fmt.Errorf("an instant to forecast, %v s, is not after the last row, at %v s, and within %v s", instant, f.last(), float64(mostSeconds))
		}
	}
	all := f.play(arrivals, at, true, true)
	bound := f.play(arrivals, at, false, true)
	still := f.play(arrivals, at, false, false)
	var ahead []Ahead
	for i, instant := range at {
		forecast := Ahead{At: instant}
		for k, name := range f.counts.Steps {
			forecast.Steps = append(forecast.Steps, expectAhead(name, all[i][k], bound[i][k], still[i][k]))
		}
		ahead = append(ahead, forecast)
	}
	return ahead, nil
}

// expectAhead summarizes draws of a count: all, those with one family, and those with one family and expected arrivals.
func expectAhead(name string, all, bound, still []float64) AheadStep {
	step := AheadStep{Step: name}
	slices.Sort(all)
	var whole float64
	step.Mean, whole = stat.MeanVariance(all, nil)
	step.Interval = middle(all, nil)
	if whole > 0 {
		step.Family = min(max(0, 1-stat.Variance(bound, nil)/whole), 1)
		step.Assumed = min(max(step.Family, 1-stat.Variance(still, nil)/whole), 1)
		step.Arrivals = step.Assumed - step.Family
	}
	return step
}

// play returns the counts of all draws, by instant and step. Free families are drawn by their weights; else the
// likeliest is used. Drawn arrivals have drawn parameters and chance; else they are as expected.
func (f *CurveFit) play(arrivals Arrivals, at []float64, free, drawn bool) [][][]float64 {
	times, marks := f.rowsAhead(at)
	l := newLags(times)
	table := make([]float64, len(l.gaps))
	counts := make([][][]float64, len(at))
	for i := range counts {
		counts[i] = make([][]float64, len(f.counts.Steps))
	}
	for draw := range curveDraws {
		stream := f.chance.Stream(aheadPurpose, uint64(draw), 0, 0)
		came := f.arrive(arrivals, times, drawn, &stream)
		for k := range f.counts.Steps {
			stream := f.chance.Stream(aheadPurpose, uint64(draw), 0, k+1)
			if k > 0 {
				x, family := fitted(f.Steps[k-1].going).draw(free, &stream)
				came = f.goOn(k-1, x, family, came, &l, table, &stream)
			}
			var sum float64
			next := 0
			for i, count := range came {
				if sum += count; next < len(marks) && marks[next] == i+1 {
					counts[next][k] = append(counts[next][k], sum)
					next++
				}
			}
		}
	}
	return counts
}

var aheadPurpose = workload.NewPurpose("capacity/curve-forecast")

// rowsAhead returns the times of the rows and of further ones up to the last instant, and which of them are instants.
func (f *CurveFit) rowsAhead(at []float64) (times []float64, marks []int) {
	times = slices.Clone(f.counts.Times)
	step := f.spacing()
	for _, instant := range at {
		for {
			now := times[len(times)-1]
			if left := instant - now; left <= 1.5*step || len(times) > 4*mostCurveRows {
				break
			}
			times = append(times, now+step)
			step *= mostSpacing
		}
		times = append(times, instant)
		marks = append(marks, len(times)-1)
	}
	return times, marks
}

// spacing is the mean time between rows.
func (f *CurveFit) spacing() float64 { return f.last() / float64(len(f.counts.Times)-1) }

// draw returns one set of parameters.
func (f fitted) draw(free bool, stream *workload.Stream) (x []float64, family delayFamily) {
	best := delayFamily(0)
	for each := range delayFamilies {
		if f.weights[each] > f.weights[best] {
			best = each
		}
	}
	u, v := stream.Float64(), stream.Float64()
	family = best
	for each, sum := delayFamily(0), 0.0; free && each < delayFamilies; each++ {
		if sum += f.weights[each]; u < sum {
			family = each
			break
		}
	}
	draws := f.draws[family]
	return draws[int(v*float64(len(draws)))], family
}

// arrive returns those who come to the first step in each row, seen and ahead.
func (f *CurveFit) arrive(arrivals Arrivals, times []float64, drawn bool, stream *workload.Stream) []float64 {
	came := f.counts.increments(0)
	rows := len(came)
	x, family := fitted(f.arrivals).draw(drawn, stream)
	if !drawn {
		x = fitted(f.arrivals).modes[family]
	}
	d, noise, _ := f.timing(x, family)
	all := math.Exp(x[0]) / d.share(f.last())
	rate, doubt := f.lately()
	if drawn && rate > 0 {
		rate = distuv.Gamma{Alpha: 1 / doubt, Beta: 1 / doubt / rate, Src: stream}.Rand()
	}
	for i := rows; i < len(times)-1; i++ {
		var mean float64
		switch arrivals {
		case ArrivalsFade:
			mean = all * (d.share(times[i+1]) - d.share(times[i]))
		case ArrivalsHold:
			mean = rate * (times[i+1] - times[i])
		}
		if drawn {
			mean = math.Round(counted(mean*relative(f.noiseOver(noise, times[i+1]-times[i]), stream), stream))
		}
		came = append(came, mean)
	}
	return came
}

// lately returns the rate of arrivals in the last third of the rows, and its squared relative error.
func (f *CurveFit) lately() (rate, doubt float64) {
	came := f.counts.increments(0)
	rows := len(came)
	from := rows - max(2, rows/3)
	var people float64
	var rates []float64
	for i := from; i < rows; i++ {
		people += came[i]
		rates = append(rates, came[i]/(f.counts.Times[i+1]-f.counts.Times[i]))
	}
	rate = people / (f.last() - f.counts.Times[from])
	if rate == 0 {
		return 0, 1
	}
	return rate, max(1/people, stat.Variance(rates, nil)/rate/rate/float64(len(rates)))
}

// noiseOver returns the squared relative deviation of the rate of a row that is longer or shorter than those seen.
func (f *CurveFit) noiseOver(noise, span float64) float64 { return min(0.9, noise*f.spacing()/span) }

// goOn returns those who pass the step after k in each row, with parameters x, if those who came to pass k did so as
// came says.
func (f *CurveFit) goOn(k int, x []float64, family delayFamily, came []float64, l *lags, table []float64, stream *workload.Stream) []float64 {
	d, noise, _ := f.timing(x, family)
	p := logistic(x[0])
	l.table(d, table)
	went := f.counts.increments(k + 1)
	seen := len(went)
	all, gone := sum(came[:seen]), sum(went)
	before := l.gone(seen, came, table)
	for i := seen; i < len(came); i++ {
		all += came[i]
		so := l.gone(i+1, came, table)
		rate := shaken(hazard(p, before, so, all), f.noiseOver(noise, l.times[i+1]-l.times[i]), stream)
		count := chosen(math.Floor(math.Max(0, all-gone)), rate, stream)
		went = append(went, count)
		gone += count
		before = so
	}
	return went
}

// chosen draws how many of n people do what each does with probability q. Beyond a variance of 1000 it is normal, and if
// hardly anybody or hardly anybody else of very many does, Poisson: the exact method needs digits that are not there.
func chosen(n, q float64, stream *workload.Stream) float64 {
	switch variance := n * q * (1 - q); {
	case n <= 0:
		return 0
	case variance > 1000:
		normal := distuv.Normal{Mu: n * q, Sigma: math.Sqrt(variance), Src: stream}
		return min(max(0, math.Round(normal.Rand())), n)
	case n > 1e5 && q < 0.5:
		return min(counted(n*q, stream), n)
	case n > 1e5:
		return max(0, n-counted(n*(1-q), stream))
	}
	return distuv.Binomial{N: n, P: q, Src: stream}.Rand()
}

// shaken draws the rate of a row whose mean is q, with the squared relative deviation c·(1 − q).
func shaken(q, c float64, stream *workload.Stream) float64 {
	size := 1/(c*q) - 1
	a, b := q*size, (1-q)*size
	if b < 1e-3 || a > 1e12 {
		return q
	}
	rate := distuv.Beta{Alpha: a, Beta: b, Src: stream}.Rand()
	return min(max(rate, 1e-15), 1-1e-12)
}

// relative draws a factor of mean 1 with the squared relative deviation c.
func relative(c float64, stream *workload.Stream) float64 {
	return distuv.Gamma{Alpha: 1 / c, Beta: 1 / c, Src: stream}.Rand()
}

// counted draws a Poisson count.
func counted(mean float64, stream *workload.Stream) float64 {
	if mean > 1e9 {
		return mean
	}
	return distuv.Poisson{Lambda: max(mean, 1e-12), Src: stream}.Rand()
}

func sum(values []float64) (total float64) {
	for _, value := range values {
		total += value
	}
	return total
}
