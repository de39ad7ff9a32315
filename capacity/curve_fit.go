package capacity

import (
	"math"

	"github.com/ombak-sim/ombak/workload"
)

// CurveFit is a model of a funnel, fitted to the curve of its counts.
//
// Of the people who pass a step, a share ever goes on to the next; the others never do. Those who go on take a time of
// a lognormal, Weibull or gamma distribution. A person who has not gone on by the last row is one or the other: the data
// are censored.
//
// Source: cure model, J. W. Boag, Journal of the Royal Statistical Society B 11, 1949; V. T. Farewell, Biometrics 38,
// 1982. Likelihood of the increments of a curve by their discrete hazards, as for reporting delays: J. F. Lawless,
// Canadian Journal of Statistics 22, 1994. Weights of families: K. P. Burnham, D. R. Anderson, "Model Selection and
// Multimodel Inference", 2002, section 2.9; as all have as many parameters, the weight is the likelihood.
//
// With i for rows and j ≤ i for those before:
//
//	Eᵢ = Σ aⱼ·(∫F(tᵢ − tⱼ₋₁) − ∫F(tᵢ − tⱼ))/(tⱼ − tⱼ₋₁)
//	qᵢ = p(Eᵢ − Eᵢ₋₁)/(Nᵢ − p·Eᵢ₋₁)
//	dᵢ ~ BetaBinomial(Nᵢ − Dᵢ₋₁, qᵢ, c)
//
// Where:
//   - aⱼ, Nᵢ are the people who passed the step in row j, and by row i
//   - dᵢ, Dᵢ are those who passed the next step in row i, and by row i
//   - p is the share who ever go on, F the distribution of their times, ∫F its integral from 0
//   - c is the squared relative deviation of a row's rate, besides chance among people
type CurveFit struct {
	Steps    []StepFit // a fit for each pair of consecutive steps
	Warnings []string

	counts   Counts
	arrivals coming // of people at the first step
	chance   workload.Seed
}

// StepFit says how people go on from one step to the next.
type StepFit struct {
	From, To string
	Share    float64 // who ever go on, the mean over families
	ShareCI  Interval
	Median   float64 // seconds until they do, in the likeliest family
	Family   string  // the likeliest
	Weights  map[string]float64

	going going
	best  delay
	ever  float64 // share who ever go on in the likeliest fit, to which best belongs
}

// fitted holds the fits of one quantity in all families.
type fitted struct {
	weights [delayFamilies]float64
	draws   [delayFamilies][][]float64
	modes   [delayFamilies][]float64
}

type (
	going  fitted // parameters: logit p, log(median/T), log spread, logit c
	coming fitted // parameters: log of the people by T, log(median/T), log spread, logit c
)

const (
	mostCurveRows = 40 // further rows are joined
	leastNoise    = 1e-6
	leastSpread   = 0.1
	mostSpread    = 4.0
)

var fitPurpose = workload.NewPurpose("capacity/curve-fit")

// FitCurve fits the model to counts. Chance is used for the draws from the posterior.
func FitCurve(counts Counts, chance workload.Seed) (CurveFit, error) {
	if err := counts.check(); err != nil {
		return CurveFit{}, err
	}
	fit := CurveFit{counts: counts.thinned(mostCurveRows), chance: chance}
	if rows := len(fit.counts.Times); rows < len(counts.Times) {
		fit.Warnings = append(fit.Warnings, "the rows were joined to 40, evenly in their order")
	}
	l := newLags(fit.counts.Times)
	fit.arrivals = coming(fit.inFamilies(0, func(family delayFamily) density { return fit.comingDensity(family) }, fit.starts(math.Log(fit.people(0)))))
	for k := range fit.counts.Steps[1:] {
		share := (fit.people(k+1) + 1) / (fit.people(k) + 2)
		fits := fit.inFamilies(k+1, func(family delayFamily) density { return fit.goingDensity(k, family, &l) }, fit.starts(logit(share), logit((1+share)/2)))
		step := fit.summary(k, going(fits))
		fit.Steps = append(fit.Steps, step)
		fit.Warnings = append(fit.Warnings, fit.doubts(k, step)...)
	}
	return fit, nil
}

// people returns how many have passed step k by the last row.
func (f *CurveFit) people(k int) float64 { return f.counts.Passed[len(f.counts.Passed)-1][k] }

// last returns the time of the last row.
func (f *CurveFit) last() float64 { return f.counts.Times[len(f.counts.Times)-1] }

// starts returns points from which to look for the best fit.
func (f *CurveFit) starts(firsts ...float64) (points [][]float64) {
	for _, first := range firsts {
		for _, median := range []float64{-5, -3.5, -2, -0.5, 0.5} {
			for _, spread := range []float64{-0.7, 0.2} {
				for _, noise := range []float64{-8, -4} {
					points = append(points, []float64{first, median, spread, noise})
				}
			}
		}
	}
	return points
}

func (f *CurveFit) inFamilies(of int, in func(delayFamily) density, starts [][]float64) (fits fitted) {
	var likelihoods [delayFamilies]float64
	top := math.Inf(-1)
	for family := range delayFamilies {
		stream := f.chance.Stream(fitPurpose, uint64(of), 0, int(family))
		fits.draws[family], fits.modes[family], likelihoods[family] = sample(in(family), starts, &stream)
		top = max(top, likelihoods[family])
	}
	var sum float64
	for family, likelihood := range likelihoods {
		fits.weights[family] = math.Exp(likelihood - top)
		sum += fits.weights[family]
	}
	for family := range fits.weights {
		fits.weights[family] /= sum
	}
	return fits
}

// timing reads the parameters that all fits share.
func (f *CurveFit) timing(x []float64, family delayFamily) (d delay, noise float64, allowed bool) {
	spread, noise := math.Exp(x[2]), logistic(x[3])
	if !(math.Abs(x[1]) < 12 && spread > leastSpread && spread < mostSpread && noise > leastNoise && noise < 0.9) {
		return delay{}, 0, false
	}
	return newDelay(family, f.last()*math.Exp(x[1]), spread), noise, true
}

// timingPrior is the logarithm of the density of spread and noise before the data: spreads of about 0.4 to 2.7,
// relative deviations of a row of about 1 % to 35 %.
func timingPrior(x []float64) float64 { return bell(x[2], 0, 0.5) + bell(x[3], -6, 2) }

// goingDensity is that of going on from step k: p is even from 0 to 1, the median about an eighth of the time seen,
// within a factor of 20.
func (f *CurveFit) goingDensity(k int, family delayFamily, l *lags) density {
	came, went := f.counts.increments(k), f.counts.increments(k+1)
	table := make([]float64, len(l.gaps))
	return func(x []float64) (posterior, likelihood float64) {
		d, noise, allowed := f.timing(x, family)
		p := logistic(x[0])
		if !allowed || !(p > 1e-9 && p < 1-1e-9) {
			return math.Inf(-1), math.Inf(-1)
		}
		l.table(d, table)
		var before float64
		for i := range went {
			so := l.gone(i+1, came, table)
			pool := f.counts.Passed[i+1][k] - f.counts.Passed[i][k+1]
			likelihood += betaBinomial(went[i], pool, hazard(p, before, so, f.counts.Passed[i+1][k]), noise)
			before = so
		}
		if math.IsNaN(likelihood) {
			return math.Inf(-1), math.Inf(-1)
		}
		return likelihood + math.Log(p) + math.Log1p(-p) + bell(x[1], math.Log(1./8), 1.5) + timingPrior(x), likelihood
	}
}

// hazard returns the share of those who could go on in a row who do. By the beginning of the row, p·before should have
// gone, by its end p·so, of all that have come.
func hazard(p, before, so, all float64) float64 {
	left := all - p*before
	if !(left > 0) {
		return 1e-12
	}
	return min(max(p*(so-before)/left, 1e-12), 1-1e-9)
}

// betaBinomial is the log-likelihood of d of a pool, less its constant. The rate q of the row has the squared relative
// deviation c·(1 − q).
func betaBinomial(d, pool, q, c float64) float64 {
	size := 1/(c*q) - 1
	a, b := q*size, (1-q)*size
	return logRising(a, d) + logRising(b, pool-d) - logRising(size, pool)
}

// logRising is ln Γ(a + n) − ln Γ(a). Where a is so large that the difference would lose its digits, it is that of
// Stirling's formula.
func logRising(a, n float64) float64 {
	if n == 0 {
		return 0
	}
	if a > 1e5 {
		return (a+n-0.5)*math.Log1p(n/a) + n*math.Log(a) - n
	}
	above, _ := math.Lgamma(a + n)
	below, _ := math.Lgamma(a)
	return above - below
}

// comingDensity is that of the people who come to the first step: of all who ever will, the time since the opening has
// a distribution of the family, with a median of about a quarter of the time seen, within a factor of 10.
func (f *CurveFit) comingDensity(family delayFamily) density {
	came := f.counts.increments(0)
	people := math.Log(f.people(0))
	return func(x []float64) (posterior, likelihood float64) {
		d, noise, allowed := f.timing(x, family)
		if !allowed || math.Abs(x[0]-people) > 5 {
			return math.Inf(-1), math.Inf(-1)
		}
		all, before := math.Exp(x[0])/d.share(f.last()), 0.0
		for i, count := range came {
			so := d.share(f.counts.Times[i+1])
			mean := max(all*(so-before), 1e-9)
			size := 1 / noise
			likelihood += logRising(size, count) - size*math.Log1p(mean/size) + count*math.Log(mean/(size+mean))
			before = so
		}
		if math.IsNaN(likelihood) || math.IsInf(all, 1) {
			return math.Inf(-1), math.Inf(-1)
		}
		return likelihood + bell(x[1], math.Log(1./4), 1.2) + timingPrior(x), likelihood
	}
}
