package threshold

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Fault is an error in one of several thresholds.
type Fault struct {
	Place int // index of the threshold, from 0
	Err   error
}

// Error returns the threshold's number, counted from 1, and the error.
func (f Fault) Error() string { return fmt.Sprintf("threshold %d: %v", f.Place+1, f.Err) }

// Unwrap returns the error without the number.
func (f Fault) Unwrap() error { return f.Err }

// ParseAll parses all thresholds in order and keeps their severities.
func ParseAll(thresholds []funnel.Threshold) ([]Condition, error) {
	conditions := make([]Condition, 0, len(thresholds))
	for i, threshold := range thresholds {
		condition, err := Parse(threshold.Source)
		if err != nil {
			return nil, Fault{i, err}
		}
		switch threshold.Severity {
		case "", funnel.Fail, funnel.Warn:
			condition.Severity, condition.Abort = threshold.Severity, threshold.Abort
		default:
			return nil, Fault{i, fmt.Errorf("%q: unknown severity %q; use fail or warn", threshold.Source, threshold.Severity)}
		}
		if condition.Abort < 0 {
			return nil, Fault{i, fmt.Errorf("%q: abort is %v; give the delay after the start, as in abort: 10s", threshold.Source, condition.Abort)}
		}
		conditions = append(conditions, condition)
	}
	return conditions, nil
}

// Parse parses one threshold, such as "sign-up.passed >= 99.9% of scheduled". [Condition] describes the
// grammar. An error names the column and what to write instead.
func Parse(source string) (Condition, error) {
	p := parser{source: source}
	condition := Condition{Source: strings.TrimSpace(source)}
	var err error
	if condition.selector, err = p.selector(); err != nil {
		return Condition{}, err
	}
	if condition.comparison, err = p.comparison(); err != nil {
		return Condition{}, err
	}
	if condition.bound, condition.of, err = p.bound(condition.selector); err != nil {
		return Condition{}, err
	}
	if condition.window, err = p.window(condition); err != nil {
		return Condition{}, err
	}
	if p.space(); p.at < len(source) {
		return Condition{}, p.fault(p.at, "unexpected %q; a threshold is one comparison", source[p.at:])
	}
	return condition, nil
}

// parser walks over the source of a threshold.
type parser struct {
	source string
	at     int // offset in bytes
}

func (p *parser) fault(at int, format string, arguments ...any) error {
	column := utf8.RuneCountInString(p.source[:at]) + 1
	return fmt.Errorf("threshold %q, column %d: %s", p.source, column, fmt.Sprintf(format, arguments...))
}

func (p *parser) space() {
	for p.at < len(p.source) && (p.source[p.at] == ' ' || p.source[p.at] == '\t') {
		p.at++
	}
}

// take returns the longest run of bytes that satisfy the condition.
func (p *parser) take(is func(byte) bool) string {
	start := p.at
	for p.at < len(p.source) && is(p.source[p.at]) {
		p.at++
	}
	return p.source[start:p.at]
}

func (p *parser) word() string {
	return p.take(func(b byte) bool {
		return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-'
	})
}

func (p *parser) accept(text string) bool {
	if strings.HasPrefix(p.source[p.at:], text) {
		p.at += len(text)
		return true
	}
	return false
}

func (p *parser) selector() (selector, error) {
	p.space()
	start := p.at
	if s, ok := p.k6(); ok {
		return s, nil
	}
	name := p.word()
	if name == "" {
		return selector{}, p.fault(start, "missing a step or a count of people; write for example "+
			"sign-up.passed or lost")
	}
	if !p.accept(".") {
		if slices.Contains(peopleWords(), name) || name == report.Rate || name == recovery {
			return selector{figure: name}, nil
		}
		return selector{}, p.fault(start, "%q is not a count of people (%s); for a step write %s.passed", name, units.Hint(name, peopleWords()), name)
	}
	if name == scheduleLag {
		return p.quantile(selector{figure: scheduleLag})
	}
	start = p.at
	figure := p.word()
	switch {
	case slices.Contains(countWords(), figure) || figure == report.Rate || figure == recovery:
		return selector{step: name, figure: figure}, nil
	case slices.Contains(timeWords(), figure):
		if !p.accept(".") {
			return selector{}, p.fault(p.at, "missing a quantile of %s; write for example %s.%s.p99", figure, name, figure)
		}
		return p.quantile(selector{step: name, figure: figure})
	}
	return selector{}, p.fault(start, "%q is not a figure of a step; %s", figure, units.Hint(figure, slices.Concat(countWords(), timeWords())))
}

// quantile parses mean, max, p99, p999, p(99.9).
func (p *parser) quantile(s selector) (selector, error) {
	start := p.at
	word := p.word()
	digits := strings.TrimPrefix(word, "p")
	switch {
	case word == "mean" || word == "max":
		s.quantile = word
		return s, nil
	case word == "p" && p.accept("("):
		digits = p.take(func(b byte) bool { return b >= '0' && b <= '9' || b == '.' })
		if !p.accept(")") {
			return s, p.fault(p.at, "missing closing bracket; write for example p(99.9)")
		}
	case word == "p999":
		digits = "99.9"
	case len(word) < 2 || len(word) > 3 || digits == word:
		return s, p.fault(start, "%q is not a quantile; %s", word, units.Hint(word, quantileWords()))
	}
	percent, err := strconv.ParseFloat(digits, 64)
	if err != nil || percent <= 0 || percent >= 100 {
		return s, p.fault(start, "%q is not a quantile; use max or a number between 0 and 100, as in p99 or "+
			"p(99.9)", p.source[start:p.at])
	}
	s.quantile, s.percent = p.source[start:p.at], percent
	return s, nil
}

func (p *parser) comparison() (string, error) {
	p.space()
	start := p.at
	comparison := p.take(func(b byte) bool { return strings.IndexByte("<>=!", b) >= 0 })
	switch comparison {
	case ">=", "<=", ">", "<", "==", "!=":
		return comparison, nil
	case "=":
		return "", p.fault(start, "use == to compare")
	}
	return "", p.fault(start, "missing comparison; use >=, <=, >, <, == or !=")
}

func (p *parser) bound(s selector) (bound float64, of string, err error) {
	p.space()
	start := p.at
	text := p.take(func(b byte) bool { return b >= '0' && b <= '9' || b == '.' || b == '_' || b == ',' })
	bound, err = strconv.ParseFloat(strings.NewReplacer("_", "", ",", "").Replace(text), 64)
	if err != nil || math.IsInf(bound, 0) {
		return 0, "", p.fault(start, "missing number; write for example 99.9%% of scheduled, 250ms or 0")
	}
	if s.isTime() {
		bound, err = p.unit(text)
		return bound, "", err
	}
	if p.space(); !p.accept("%") {
		return bound, "", nil
	}
	p.space()
	wordAt := p.at
	if p.word() != "of" {
		return 0, "", p.fault(wordAt, "missing the count that the share is of; write for example %s%% of %s", text, ofWords(s.step)[0])
	}
	p.space()
	wordAt = p.at
	if of = p.word(); !slices.Contains(ofWords(s.step), of) {
		return 0, "", p.fault(wordAt, "cannot take a share of %q; %s", of, units.Hint(of, ofWords(s.step)))
	}
	return bound, of, nil
}

// unit parses the unit after the number of a time and returns the time in seconds.
func (p *parser) unit(number string) (float64, error) {
	p.space()
	start := p.at
	unit := p.take(func(b byte) bool { return b >= 'a' && b <= 'z' || b >= utf8.RuneSelf })
	if slices.Contains([]string{"ns", "us", "µs", "μs", "ms", "s", "m", "h"}, unit) {
		if d, err := time.ParseDuration(strings.NewReplacer("_", "", ",", "").Replace(number) + unit); err == nil {
			return d.Seconds(), nil
		}
	}
	return 0, p.fault(start, "missing unit of time; write for example %sms, us, s, m or h", number)
}
