package capacity

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/ombak-sim/ombak/workload"
)

// summary describes the fit of going on from step k.
func (f *CurveFit) summary(k int, g going) StepFit {
	step := StepFit{From: f.counts.Steps[k], To: f.counts.Steps[k+1], Weights: map[string]float64{}, going: g}
	shares, weights := g.values(func(x []float64) float64 { return logistic(x[0]) })
	step.Share, step.ShareCI = stat.Mean(shares, weights), middle(shares, weights)
	best := delayFamily(0)
	for family, weight := range g.weights {
		step.Weights[delayFamily(family).String()] = weight
		if weight > g.weights[best] {
			best = delayFamily(family)
		}
	}
	mode := g.modes[best]
	step.Family, step.ever, step.Median = best.String(), logistic(mode[0]), f.last()*math.Exp(mode[1])
	step.best = newDelay(best, step.Median, math.Exp(mode[2]))
	return step
}

// values returns a value of each draw, sorted, and the weight of each.
func (g going) values(of func([]float64) float64) (values, weights []float64) {
	type weighed struct{ value, weight float64 }
	var all []weighed
	for family, draws := range g.draws {
		for _, x := range draws {
			all = append(all, weighed{of(x), g.weights[family] / float64(len(draws))})
		}
	}
	slices.SortFunc(all, func(a, b weighed) int {
		if a.value < b.value {
			return -1
		}
		return 1
	})
	for _, w := range all {
		values, weights = append(values, w.value), append(weights, w.weight)
	}
	return values, weights
}

// middle returns the interval that leaves out 5 % at each end of sorted values.
func middle(values, weights []float64) Interval {
	return Interval{stat.Quantile(0.05, stat.Empirical, values, weights), stat.Quantile(0.95, stat.Empirical, values, weights)}
}

// doubts warns where the counts do not tell those who never go on from those who are slow.
func (f *CurveFit) doubts(k int, step StepFit) (warnings []string) {
	late := 0.0
	values, weights := step.going.values(func(x []float64) float64 { return x[1] })
	for i, value := range values {
		if value > 0 {
			late += weights[i]
		}
	}
	switch {
	case f.people(k+1) == 0:
		warnings = append(warnings, fmt.Sprintf("nobody has passed %s yet; what is said of it is assumption", step.To))
	case late > 0.2:
		warnings = append(warnings, fmt.Sprintf("half of those who go on from %s to %s may take longer than the time seen; the counts do not tell the slow from those who never go on", step.From, step.To))
	}
	return warnings
}

// plainName matches names that YAML takes as they are.
var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// CurveModelHeading is the beginning of a model's file.
const CurveModelHeading = "# Fitted by ombak calc forecast to "

// WriteModel writes the fit as the YAML of the parts of a scenario that it replaces: the share who go on from each step
// and the time until they come to the next. Both are those of the likeliest fit, since a share and a time of different
// fits do not belong together.
func (f *CurveFit) WriteModel(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, CurveModelHeading+"%d rows of counts over %v.\n", len(f.counts.Times)-1, wholeSeconds(f.last()))
	for _, warning := range f.Warnings {
		fmt.Fprintf(&b, "# warning: %s\n", warning)
	}
	b.WriteString("# The time runs from the pass of one step to the pass of the next, so it holds what the service takes, and the\n" +
		"# share those whom it failed. Steps between two of these keep their own times and shares.\njourney:\n")
	for k, name := range f.counts.Steps {
		var keys []string
		if k > 0 {
			step := f.Steps[k-1]
			keys = append(keys, fmt.Sprintf("think: %q", step.best.distribution()))
		}
		if k < len(f.Steps) {
			step := f.Steps[k]
			fmt.Fprintf(&b, "  # %s to %s: %.4g %% ever go on (90 %%: %.4g to %.4g %%), half of them within %v (%s)\n", step.From, step.To,
				100*step.Share, 100*step.ShareCI[0], 100*step.ShareCI[1], wholeSeconds(step.Median), step.Family)
			keys = append(keys, fmt.Sprintf("continue: %.6g", step.ever))
		}
		if !plainName.MatchString(name) {
			name = strconv.Quote(name)
		}
		fmt.Fprintf(&b, "  %s: {%s}\n", name, strings.Join(keys, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// distribution returns the delay as scenarios hold it: of a Weibull distribution 40 of its quantiles, which are equally
// likely.
func (d delay) distribution() workload.Distribution {
	var made workload.Distribution
	var err error
	switch d.family {
	case lognormalDelay:
		made, err = workload.LognormalTime(asDuration(math.Exp(d.a)), asDuration(d.quantile(0.95)))
	case gammaDelay:
		made, err = workload.GammaTime(asDuration(d.a*d.b), math.Round(1e4/d.b)/1e4)
	default:
		points := make([]time.Duration, 40)
		for i := range points {
			points[i] = asDuration(d.quantile((float64(i) + 0.5) / float64(len(points))))
		}
		made, err = workload.EmpiricalTime(points...)
	}
	if err != nil { // the delay is less than can be written
		return workload.ConstantTime(asDuration(d.quantile(0.5)))
	}
	return made
}

// asDuration rounds to four digits, so that files stay readable.
func asDuration(seconds float64) time.Duration {
	seconds = min(seconds, mostSeconds/2)
	digits := math.Pow(10, 3-math.Floor(math.Log10(max(seconds, 1e-9))))
	return time.Duration(math.Round(seconds*digits) / digits * float64(time.Second))
}

func wholeSeconds(seconds float64) time.Duration {
	if seconds < 10 {
		return asDuration(seconds)
	}
	return asDuration(seconds).Round(time.Second)
}
