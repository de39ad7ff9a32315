package threshold

import (
	"math"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Margin is by how much a condition holds on a report, in the unit of its bound: seconds, percent or
// a count. Below 0 it does not hold, and at 0 it does unless Strict.
type Margin struct {
	By     float64
	Strict bool
}

// Holds reports whether it is large enough.
func (m Margin) Holds() bool { return m.By > 0 || m.By == 0 && !m.Strict }

// Must reports whether the condition decides on the verdict of a run, and does not only warn.
func (c Condition) Must() bool { return c.Severity != funnel.Warn }

// Margin returns it, or says in words why it cannot be known.
func (c Condition) Margin(r report.Report) (Margin, error) {
	c.selector = c.selector.resolve(r)
	figure, err := c.figure(r)
	if err != nil {
		return Margin{}, err
	}
	if err := c.selector.enough(figure); err != nil {
		return Margin{}, err
	}
	above := figure.value - c.bound
	switch c.comparison {
	case ">=", ">":
		return Margin{above, c.comparison == ">"}, nil
	case "<=", "<":
		return Margin{-above, c.comparison == "<"}, nil
	case "!=":
		return Margin{math.Abs(above), true}, nil
	}
	return Margin{-math.Abs(above), false}, nil
}

// Value returns the figure that leaves such a margin, spelt, as in 97.2% of scheduled; for a comparison
// with == or != it is the distance from the bound.
func (c Condition) Value(margin float64) string {
	switch c.comparison {
	case ">=", ">":
		return c.Spell(c.bound + margin)
	case "<=", "<":
		return c.Spell(c.bound - margin)
	}
	return c.Spell(math.Abs(margin)) + " from it"
}
