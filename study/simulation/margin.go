package simulation

import (
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
)

// Margin is how far a condition is from its limit in one replication, or why that is not known.
type Margin struct {
	threshold.Margin
	Unknown string
}

// Holds reports whether the condition is known to hold.
func (m Margin) Holds() bool { return m.Unknown == "" && m.Margin.Holds() }

// marginsOf returns the margins of the conditions that must hold, in their order.
func marginsOf(conditions []threshold.Condition, assembled report.Report) []Margin {
	var all []Margin
	for _, condition := range conditions {
		if !condition.Must() {
			continue
		}
		by, err := condition.Margin(assembled)
		m := Margin{Margin: by}
		if err != nil {
			m.Unknown = err.Error()
		}
		all = append(all, m)
	}
	return all
}
