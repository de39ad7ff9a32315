package threshold

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// window selects the seconds of a run that a condition is about. The zero value is the whole run.
type window struct {
	over     float64 // length of each stretch in real seconds; 0 means one stretch
	from, to float64 // scenario seconds; to 0 means the end
}

// k6 parses the forms that k6 writes without a metric: p(95), avg, med, max.
func (p *parser) k6() (selector, bool) {
	start, s := p.at, selector{figure: "response_time_passed"}
	switch word := p.word(); {
	case word == "avg":
		s.quantile = "mean"
		return s, true
	case word == "med":
		s.quantile, s.percent = "p50", 50
		return s, true
	case word == "max" && !strings.HasPrefix(p.source[p.at:], "."):
		s.quantile = word
		return s, true
	case word == "p" && strings.HasPrefix(p.source[p.at:], "("):
		p.at = start
		if quantile, err := p.quantile(s); err == nil {
			return quantile, true
		}
	}
	p.at = start
	return selector{}, false
}

// resolve fills in the main step if the selector names none and needs one.
func (s selector) resolve(r report.Report) selector {
	if s.needsStep() {
		s.step = report.MainStep(r)
	}
	return s
}

func (s selector) needsStep() bool {
	return s.step == "" && (s.figure == report.Rate || s.figure == recovery || s.figure == "response_time_passed")
}

// window parses over and during, in either order.
func (p *parser) window(c Condition) (w window, err error) {
	for {
		p.space()
		start := p.at
		switch word := p.word(); {
		case word == "over" && w.over == 0:
			if c.comparison == "==" || c.comparison == "!=" {
				return w, p.fault(start, "over judges the worst stretch; compare with <, <=, > or >=")
			}
			if w.over, err = p.length(); err == nil && w.over < 1 {
				err = p.fault(start, "over needs at least one second; write for example over 1m")
			}
		case word == "during" && w.to == 0:
			w.from, w.to, err = p.stretch(start)
		default:
			p.at = start
			return w, w.fits(c, p)
		}
		if err != nil {
			return w, err
		}
	}
}

// fits returns an error if the condition cannot have a window.
func (w window) fits(c Condition, p *parser) error {
	known := append(windowWords(), report.Rate)
	switch s := c.selector; {
	case w == window{}:
		return nil
	case s.figure == recovery:
		return p.fault(0, "recovery covers the whole run; remove over and during")
	case s.isTime() && (s.figure != "response_time" || w.over > 0):
		return p.fault(0, "a window on times allows only quantiles of response_time, with during alone; "+
			"write for example sign-up.response_time.p95 < 500ms during 6m..10m")
	case s.isTime():
		return nil
	case s.step == "" && s.figure != report.Rate || !slices.Contains(known, s.figure):
		return p.fault(0, "%s is not recorded by the second; use a window only for %s of a step", s.figure, strings.Join(known, ", "))
	case c.of != "" && !slices.Contains(report.SeriesCounts(), c.of):
		return p.fault(0, "%s is not recorded by the second; use a share of entered", c.of)
	}
	return nil
}

// windowWords returns the figures that the series records by the second.
func windowWords() []string {
	return append(report.SeriesCounts(), "throughput_per_s", "goodput_per_s")
}

// length parses a duration and returns it in seconds.
func (p *parser) length() (float64, error) {
	p.space()
	start := p.at
	text := p.take(func(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' })
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, p.fault(start, "%q is not a duration; write for example 30s or 6m", text)
	}
	return d.Seconds(), nil
}

func (p *parser) stretch(start int) (from, to float64, err error) {
	if from, err = p.length(); err != nil {
		return 0, 0, err
	}
	if !p.accept("..") {
		return 0, 0, p.fault(p.at, "use from..to, as in during 6m..10m")
	}
	if to, err = p.length(); err == nil && to <= from {
		err = p.fault(start, "the window ends before it begins; write from..to, as in during 6m..10m")
	}
	return from, to, err
}

// worst returns the figure of the stretch that comes nearest to breaking the condition.
func (w window) worst(r report.Report, c Condition) (float64, error) {
	rows, width := w.rows(r.Series), int(r.Series.Width())
	length := len(rows)
	if w.over > 0 {
		length = max(1, int(math.Round(w.over/float64(width))))
	}
	if len(rows) < max(1, length) {
		return 0, fmt.Errorf("never measured: the run has %d seconds of that window, %d are needed", len(rows)*width, max(1, length)*width)
	}
	for _, step := range r.Series.Steps {
		if step.Step == c.selector.step {
			return worstStretch(step, rows, width, length, c)
		}
	}
	return 0, fmt.Errorf("never measured: the series has no step %s", c.selector.step)
}

// rows returns the indexes of the window's seconds.
func (w window) rows(series report.Series) (rows []int) {
	for i, t := range series.ScenarioS {
		if t >= w.from && (w.to == 0 || t < w.to) {
			rows = append(rows, i)
		}
	}
	return rows
}

var errNobody = errors.New("never measured: in no stretch of the window anyone came, so there is no share")

func worstStretch(step report.StepSeries, rows []int, width, length int, c Condition) (float64, error) {
	part, whole, scale := parts(step, c, width)
	var some, all int64
	worst, found := 0.0, false
	for i, row := range rows {
		some, all = some+part(row), all+whole(row)
		if i >= length {
			some, all = some-part(rows[i-length]), all-whole(rows[i-length])
		}
		if i < length-1 || all == 0 {
			continue
		}
		value := scale(length) * float64(some) / float64(all)
		if !found || (c.comparison[0] == '>') == (value < worst) {
			worst, found = value, true
		}
	}
	if !found {
		return 0, errNobody
	}
	return worst, nil
}

// parts returns the numerator and denominator of the figure by row, and a factor for their ratio over a
// stretch of the given number of rows.
func parts(s report.StepSeries, c Condition, width int) (part, whole func(row int) int64, scale func(length int) float64) {
	column := func(name string) func(int) int64 {
		counts := s.Counts()[slices.Index(report.SeriesCounts(), name)]
		return func(row int) int64 { return counts[row] }
	}
	seconds := func(int) int64 { return int64(width) }
	times := func(factor float64) func(int) float64 { return func(int) float64 { return factor } }
	switch figure := c.selector.figure; {
	case figure == "goodput_per_s":
		return column("passed"), seconds, times(1)
	case figure == "throughput_per_s":
		return column("requests"), seconds, times(1)
	case figure == report.Rate:
		return func(row int) int64 { return s.Rejected[row] + s.Failed[row] + s.TimedOut[row] }, column("entered"), times(1)
	case c.of != "":
		return column(figure), column(c.of), times(100)
	default:
		return column(figure), seconds, func(length int) float64 { return float64(length * width) }
	}
}
