package threshold

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Judge returns the report with its thresholds, its verdict, and the reasons if it is invalid. A broken
// threshold fails the report; an undecided one leaves it inconclusive. A threshold with severity warn does
// neither. An invalid report gets no other verdict.
func Judge(r report.Report, conditions []Condition, validity Validity) report.Report {
	r.Thresholds = nil
	r.Verdict = report.Pass
	for _, condition := range conditions {
		judgement := condition.Judge(r)
		r.Thresholds = append(r.Thresholds, judgement)
		if judgement.Severity == funnel.Warn || judgement.Verdict == report.Pass || r.Verdict == report.Fail {
			continue
		}
		r.Verdict = judgement.Verdict
	}
	if r.Steady != nil && !r.Steady.Settled && r.Verdict == report.Pass {
		r.Verdict = report.Inconclusive
	}
	r.Invalid = slices.Concat(report.Check(r), validity.check(r))
	if len(r.Invalid) > 0 {
		r.Verdict = report.Invalid
	}
	return r
}

// Judge evaluates the condition on a report.
func (c Condition) Judge(r report.Report) report.Judgement {
	c.selector = c.selector.resolve(r)
	judgement := report.Judgement{Source: c.Source, Severity: cmp.Or(c.Severity, funnel.Fail), Verdict: report.Fail}
	figure, err := c.figure(r)
	if err != nil {
		judgement.Reason = err.Error()
		return judgement
	}
	judgement.Value, judgement.Basis = &figure.value, basis(r)
	if c.known != nil {
		judgement.CI95, judgement.Basis = c.known.interval, cmp.Or(c.known.basis, judgement.Basis)
	}
	if err := c.selector.enough(figure); err != nil {
		if beyond := c.beyond(r); beyond > beyondQuantile {
			judgement.Reason = fmt.Sprintf("it is %s; %s of %s values are not within the bound, too many whatever further ones are", c.Spell(figure.value), units.Count(beyond), units.Count(figure.samples))
			return judgement
		}
		judgement.Verdict, judgement.Reason = report.Inconclusive, err.Error()
		return judgement
	}
	if c.holds(figure.value) {
		judgement.Verdict = report.Pass
		return judgement
	}
	judgement.Reason = "it is " + c.Spell(figure.value)
	return judgement
}

// basis describes what the figures of a report are based on.
func basis(r report.Report) string {
	if r.Replications > 1 {
		return fmt.Sprintf("%d replications", r.Replications)
	}
	return oneRun
}

func (c Condition) holds(value float64) bool {
	switch c.comparison {
	case ">=":
		return value >= c.bound
	case "<=":
		return value <= c.bound
	case ">":
		return value > c.bound
	case "<":
		return value < c.bound
	case "!=":
		return value != c.bound
	}
	return value == c.bound
}

// Spell writes a value of the condition's figure, as in 97.2% of scheduled.
func (c Condition) Spell(value float64) string {
	switch {
	case c.selector.isTime():
		return units.Time(value)
	case c.of != "":
		return units.Number(math.Trunc(value*1e3)/1e3) + "% of " + c.of
	}
	if c.selector.figure == report.Rate {
		return units.Number(value)
	}
	return units.Count(value)
}

// beyondQuantile is how many values lie beyond a quantile that is estimated from the fewest values.
const beyondQuantile = 10

// needs returns the fewest values that a quantile can be estimated from: ten beyond the quantile.
func (s selector) needs() float64 {
	if s.percent == 0 {
		return 0
	}
	return math.Ceil(beyondQuantile/(1-s.percent/100) - 1e-6)
}

// beyond returns how many values of the quantile's whole histogram are not below its upper bound. If they are more than
// may lie beyond a quantile of the fewest values, the condition is broken, even if all values that are missing were
// within the bound. It returns 0 for other conditions and where the histogram is not known.
func (c Condition) beyond(r report.Report) (count float64) {
	if c.selector.percent == 0 || c.known != nil || c.comparison != "<" && c.comparison != "<=" {
		return 0
	}
	_, histogram := c.selector.source(r)
	if histogram == nil {
		return 0
	}
	values, err := histogram()
	if err != nil || values == nil {
		return 0
	}
	for _, bar := range values.Distribution() {
		if !c.holds(float64(bar.From) / 1e6) { // the whole bar: its least value is beyond the bound
			count += float64(bar.Count)
		}
	}
	return count
}

// Needs returns how many values the condition is judged from at the least: those of its quantile, or 0.
func (c Condition) Needs() float64 { return c.selector.needs() }

// enough returns an error if a quantile is drawn from too few values.
func (s selector) enough(f figure) error {
	if needed := s.needs(); f.samples < needed {
		return fmt.Errorf("%s values are too few to know the %s; %s are needed", units.Count(f.samples), s.quantile, units.Count(needed))
	}
	return nil
}

// figure is one figure of a report and, for a time, the number of values it is drawn from.
type figure struct{ value, samples float64 }

// figure returns the condition's figure, or an error if it was not measured.
func (c Condition) figure(r report.Report) (figure, error) {
	if c.selector.figure == recovery {
		return recovered(r, c.selector.step)
	}
	if c.known != nil {
		return c.known.figure, nil
	}
	if c.unknown != nil {
		return figure{}, c.unknown
	}
	if c.NeedsSeconds() {
		return figure{}, errors.New("never measured: the report holds no histograms by the second, the run alone did")
	}
	if c.selector.isTime() {
		return c.selector.time(r)
	}
	if c.window != (window{}) {
		value, err := c.window.worst(r, c)
		return figure{value: value}, err
	}
	value, err := report.Count(r, c.selector.step, c.selector.figure)
	if err != nil || c.of == "" {
		return figure{value: value}, err
	}
	whole, err := report.Count(r, c.selector.step, c.of)
	if err != nil {
		return figure{}, err
	}
	if whole == 0 {
		return figure{}, fmt.Errorf("never measured: %s is 0, so there is no share of it", c.of)
	}
	return figure{value: 100 * value / whole}, nil
}

// time returns a quantile in seconds.
func (s selector) time(r report.Report) (figure, error) {
	quantiles, histogram := s.source(r)
	if quantiles == nil {
		return figure{}, fmt.Errorf("never measured: the report has no %s", s.name())
	}
	known := map[string]float64{
		"mean": quantiles.Mean, "max": quantiles.Max, "p50": quantiles.P50, "p90": quantiles.P90,
		"p95": quantiles.P95, "p99": quantiles.P99, "p999": quantiles.P999,
	}
	name := s.quantile
	if s.percent > 0 && s.percent*10 == math.Trunc(s.percent*10) {
		name = canonical(s.percent)
	}
	if value, ok := known[name]; ok && !math.IsNaN(value) {
		return figure{value: value, samples: quantiles.Count}, nil
	}
	exact, err := histogram()
	if err != nil {
		return figure{}, err
	}
	if exact == nil {
		return figure{}, fmt.Errorf("never measured: the report has no histogram of %s", s.name())
	}
	if s.quantile == "mean" {
		return figure{value: exact.Mean() / 1e6, samples: quantiles.Count}, nil
	}
	return figure{value: float64(exact.ValueAtPercentile(s.percent)) / 1e6, samples: quantiles.Count}, nil
}

// canonical writes 99 as p99 and 99.9 as p999.
func canonical(percent float64) string {
	if percent == 99.9 {
		return "p999"
	}
	return "p" + units.Number(percent)
}

func (s selector) name() string {
	if s.step == "" {
		return s.figure
	}
	return s.step + "." + s.figure
}

// source returns the summary of a time and a function that returns its whole histogram.
func (s selector) source(r report.Report) (*report.Quantiles, func() (*hdrhistogram.Histogram, error)) {
	if s.figure == scheduleLag {
		return lagSource(r)
	}
	for _, row := range r.Steps {
		if row.Step != s.step {
			continue
		}
		switch s.figure {
		case "response_time":
			return row.ResponseTimeS, func() (*hdrhistogram.Histogram, error) {
				return r.Histograms.DecodeResponseTime(s.step, report.SentOutcomes()...)
			}
		case "response_time_passed":
			return row.ResponseTimePassedS, func() (*hdrhistogram.Histogram, error) {
				return r.Histograms.DecodeResponseTime(s.step, report.PassedOutcomes()...)
			}
		default:
			return row.ServiceTimeS, func() (*hdrhistogram.Histogram, error) {
				return r.Histograms.DecodeServiceTime(s.step, report.SentOutcomes()...)
			}
		}
	}
	return nil, nil
}

func lagSource(r report.Report) (*report.Quantiles, func() (*hdrhistogram.Histogram, error)) {
	if r.Generator == nil || r.Generator.ScheduleLagS == nil {
		return nil, nil
	}
	lag, unknown := r.Generator.ScheduleLagS, math.NaN()
	quantiles := &report.Quantiles{
		Count: lag.Count, Mean: unknown, P50: lag.P50, P90: unknown, P95: unknown, P99: lag.P99, P999: unknown, Max: lag.Max,
	}
	return quantiles, func() (*hdrhistogram.Histogram, error) {
		if r.Histograms.ScheduleLag == "" {
			return nil, nil
		}
		return report.DecodeHistogram(r.Histograms.ScheduleLag)
	}
}
