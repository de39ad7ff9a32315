package threshold

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Figure is a parsed expression over a report: a condition without its comparison and bound.
//
//	figure = selector [ "%" "of" count ] [ "over" duration ] [ "during" duration ".." duration ]
//
// Over selects the stretch of the given length in which the figure is highest. A time has no window.
type Figure struct {
	Source    string // as written
	condition Condition
}

// ParseFigure parses one figure, such as "sign-up.passed during 0s..1h". [Condition] describes its words.
func ParseFigure(source string) (Figure, error) {
	p := parser{source: source}
	c := Condition{Source: strings.TrimSpace(source), comparison: "<"} // the worst stretch is the highest
	var err error
	if c.selector, err = p.selector(); err != nil {
		return Figure{}, err
	}
	if c.of, err = p.part(c.selector); err != nil {
		return Figure{}, err
	}
	if c.window, err = p.window(c); err != nil {
		return Figure{}, err
	}
	if c.selector.isTime() && c.window != (window{}) {
		return Figure{}, p.fault(0, "a time covers the whole run; remove over and during")
	}
	if p.space(); p.at < len(source) {
		return Figure{}, p.fault(p.at, "unexpected %q; a figure has no comparison, as in sign-up.passed during 0s..1h", source[p.at:])
	}
	return Figure{c.Source, c}, nil
}

// part parses "% of entered", or nothing.
func (p *parser) part(s selector) (of string, err error) {
	if p.space(); !p.accept("%") {
		return "", nil
	}
	start := p.at
	if p.space(); p.word() != "of" || s.isTime() || s.figure == report.Rate {
		return "", p.fault(start, "a share is written as in sign-up.passed %% of entered")
	}
	p.space()
	start = p.at
	if of = p.word(); !slices.Contains(ofWords(s.step), of) {
		return "", p.fault(start, "cannot take a share of %q; %s", of, units.Hint(of, ofWords(s.step)))
	}
	return of, nil
}

// Step returns the step that the figure is about, or "" if it is about the whole run.
func (f Figure) Step() string { return f.condition.selector.step }

// About returns the figure about a step if it needs one and names none.
func (f Figure) About(step string) Figure {
	f.condition = f.condition.About(step)
	return f
}

// IsTime reports whether the figure is a time.
func (f Figure) IsTime() bool { return f.condition.selector.isTime() }

// Grows reports whether the figure is in proportion to the number of people: a count, but no time and no share.
func (f Figure) Grows() bool {
	return !f.condition.selector.isTime() && f.condition.of == "" && f.condition.selector.figure != report.Rate
}

// Value returns the figure of a report: a count, a time in seconds, or a share in percent.
func (f Figure) Value(r report.Report) (float64, error) {
	c := f.condition
	c.selector = c.selector.resolve(r)
	found, err := c.figure(r)
	return found.value, err
}

// Spell writes a value of the figure, as in 83,000, 7 min or 70.1%.
func (f Figure) Spell(value float64) string {
	if f.condition.of != "" {
		return units.Number(math.Round(value*10)/10) + "%"
	}
	return f.condition.Spell(value)
}

// Range is a value as it was published: one number, two between which it lies, or a least one.
type Range struct{ Low, High float64 }

// ParseRange parses a published value of the figure: 8_000_000, 7m, 70%, 515_000..525_000, or 8_000_000.. for at least
// so many.
func (f Figure) ParseRange(text string) (r Range, err error) {
	low, high, several := strings.Cut(text, "..")
	if r.Low, err = f.number(low); err != nil {
		return r, err
	}
	switch high = strings.TrimSpace(high); {
	case !several:
		r.High = r.Low
	case high == "":
		r.High = math.Inf(1)
	default:
		if r.High, err = f.number(high); err == nil && r.High < r.Low {
			err = fmt.Errorf("the value %q ends below its beginning; write LOW..HIGH", text)
		}
	}
	return r, err
}

// number parses one value of the figure.
func (f Figure) number(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if f.condition.selector.isTime() {
		p := parser{source: text}
		digits := p.take(func(b byte) bool { return b >= '0' && b <= '9' || b == '.' })
		if value, err := p.unit(digits); err == nil && digits != "" && p.at == len(text) {
			return value, nil
		}
		return 0, fmt.Errorf("the value %q is not a time; write for example 7m", text)
	}
	if f.condition.of != "" {
		text = strings.TrimSpace(strings.TrimSuffix(text, "%"))
	}
	value, err := strconv.ParseFloat(strings.NewReplacer("_", "", ",", "").Replace(text), 64)
	if err != nil || !(value >= 0) || math.IsInf(value, 0) {
		return 0, fmt.Errorf("the value %q is not a number; write for example 8_000_000 or 515_000..525_000", text)
	}
	return value, nil
}

// Error returns by how much a value misses the range, as a share of the end that it misses; 0 within the range.
// It is not known if that end is 0.
func (r Range) Error(value float64) (share float64, known bool) {
	end := min(max(value, r.Low), r.High)
	if value == end {
		return 0, true
	}
	return value/end - 1, end > 0
}
