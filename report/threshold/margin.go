package threshold

import (
	"math"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Margin is the distance of a report's figure from a condition's bound, in the unit of the bound: seconds,
// percent or a count. Below 0 the condition does not hold. At 0 it holds unless Strict is set.
type Margin struct {
	By     float64
	Strict bool
}

// Holds reports whether the condition holds.
func (m Margin) Holds() bool { return m.By > 0 || m.By == 0 && !m.Strict }

// Must reports whether the condition decides the verdict of a run. A condition that only warns does not.
func (c Condition) Must() bool { return c.Severity != funnel.Warn }

// Margin returns the margin of the condition on a report, or an error if it is unknown.
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

// Value writes the figure that leaves the given margin, as in 97.2% of scheduled. For == and != it writes the
// distance from the bound.
func (c Condition) Value(margin float64) string {
	switch c.comparison {
	case ">=", ">":
		return c.Spell(c.bound + margin)
	case "<=", "<":
		return c.Spell(c.bound - margin)
	}
	return c.Spell(math.Abs(margin)) + " from it"
}
