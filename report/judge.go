package report

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Judge returns the report with its thresholds, its verdict, and the reasons if it is invalid.
// A broken threshold fails the report, one that cannot be decided leaves it inconclusive; one with
// severity warn does neither. An invalid report gets no other verdict.
func Judge(report Report, conditions []Condition, validity Validity) Report {
	report.Thresholds = nil
	report.Verdict = Pass
	for _, condition := range conditions {
		judgement := condition.Judge(report)
		report.Thresholds = append(report.Thresholds, judgement)
		if judgement.Severity == funnel.Warn || judgement.Verdict == Pass || report.Verdict == Fail {
			continue
		}
		report.Verdict = judgement.Verdict
	}
	report.Invalid = slices.Concat(Check(report), validity.check(report))
	if len(report.Invalid) > 0 {
		report.Verdict = Invalid
	}
	return report
}

// Judge evaluates the condition on a report.
func (c Condition) Judge(report Report) Judgement {
	c.selector = c.selector.resolve(report)
	judgement := Judgement{Source: c.Source, Severity: cmp.Or(c.Severity, funnel.Fail), Verdict: Fail}
	figure, err := c.figure(report)
	if err != nil {
		judgement.Reason = err.Error()
		return judgement
	}
	judgement.Value, judgement.Basis = &figure.value, basis(report)
	if c.known != nil {
		judgement.CI95, judgement.Basis = c.known.interval, c.known.basis
	}
	if err := c.selector.enough(figure); err != nil {
		judgement.Verdict, judgement.Reason = Inconclusive, err.Error()
		return judgement
	}
	if c.holds(figure.value) {
		judgement.Verdict = Pass
		return judgement
	}
	judgement.Reason = "it is " + c.spell(figure.value)
	return judgement
}

// basis says what figures of a report rest on.
func basis(report Report) string {
	if report.Replications > 1 {
		return fmt.Sprintf("%d replications", report.Replications)
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

func (c Condition) spell(value float64) string {
	switch {
	case c.selector.isTime():
		return spell(value)
	case c.of != "":
		return trim(math.Trunc(value*1e3)/1e3) + "% of " + c.of
	}
	if c.selector.figure == rate {
		return trim(value)
	}
	return thousands(value)
}

// needs returns the number of values without which a quantile is a guess: ten beyond it.
func (s selector) needs() float64 {
	if s.percent == 0 {
		return 0
	}
	return math.Ceil(10/(1-s.percent/100) - 1e-6)
}

// enough says when a quantile is drawn from too few values.
func (s selector) enough(f figure) error {
	if needed := s.needs(); f.samples < needed {
		return fmt.Errorf("%s values are too few to know the %s; %s are needed", thousands(f.samples), s.quantile, thousands(needed))
	}
	return nil
}

// figure is one figure of a report and, for a time, how many values it is drawn from.
type figure struct{ value, samples float64 }

// figure returns what the condition is about; an error says in words that it was not measured.
func (c Condition) figure(report Report) (figure, error) {
	if c.selector.figure == recovery {
		return recovered(report, c.selector.step)
	}
	if c.known != nil {
		return c.known.figure, nil
	}
	if c.selector.isTime() && c.window != (window{}) {
		return figure{}, errors.New("never measured: the report holds no histograms by the second, the run alone did")
	}
	if c.selector.isTime() {
		return c.selector.time(report)
	}
	if c.window != (window{}) {
		value, err := c.window.worst(report, c)
		return figure{value: value}, err
	}
	value, err := count(report, c.selector.step, c.selector.figure)
	if err != nil || c.of == "" {
		return figure{value: value}, err
	}
	whole, err := count(report, c.selector.step, c.of)
	if err != nil {
		return figure{}, err
	}
	if whole == 0 {
		return figure{}, fmt.Errorf("never measured: %s is 0, so there is no share of it", c.of)
	}
	return figure{value: 100 * value / whole}, nil
}

// time returns a quantile in seconds.
func (s selector) time(report Report) (figure, error) {
	quantiles, histogram := s.source(report)
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
	return "p" + trim(percent)
}

func (s selector) name() string {
	if s.step == "" {
		return s.figure
	}
	return s.step + "." + s.figure
}

// source returns the summary of a time and how to get at all of it.
func (s selector) source(report Report) (*Quantiles, func() (*hdrhistogram.Histogram, error)) {
	if s.figure == scheduleLag {
		return lagSource(report)
	}
	for _, row := range report.Steps {
		if row.Step != s.step {
			continue
		}
		switch s.figure {
		case "response_time":
			return row.ResponseTimeS, func() (*hdrhistogram.Histogram, error) {
				return report.Histograms.DecodeResponseTime(s.step, sentOutcomes()...)
			}
		case "response_time_passed":
			return row.ResponseTimePassedS, func() (*hdrhistogram.Histogram, error) {
				return report.Histograms.DecodeResponseTime(s.step, passedOutcomes()...)
			}
		default:
			return row.ServiceTimeS, func() (*hdrhistogram.Histogram, error) {
				return report.Histograms.DecodeServiceTime(s.step, sentOutcomes()...)
			}
		}
	}
	return nil, nil
}

func lagSource(report Report) (*Quantiles, func() (*hdrhistogram.Histogram, error)) {
	if report.Generator == nil || report.Generator.ScheduleLagS == nil {
		return nil, nil
	}
	lag, unknown := report.Generator.ScheduleLagS, math.NaN()
	quantiles := &Quantiles{
		Count: lag.Count, Mean: unknown, P50: lag.P50, P90: unknown, P95: unknown, P99: lag.P99, P999: unknown, Max: lag.Max,
	}
	return quantiles, func() (*hdrhistogram.Histogram, error) {
		if report.Histograms.ScheduleLag == "" {
			return nil, nil
		}
		return decodeHistogram(report.Histograms.ScheduleLag)
	}
}
