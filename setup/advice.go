package setup

import (
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// TryNext returns "--plan NAME" for the first other plan that relieves a step whose threshold failed, or ""
// if there is none. It returns "" for an invalid run, whose thresholds mean nothing.
func (p *Planned) TryNext(result report.Report) string {
	if result.Verdict == report.Invalid {
		return ""
	}
	for i, condition := range p.Conditions {
		if i >= len(result.Thresholds) || result.Thresholds[i].Verdict != report.Fail {
			continue
		}
		for _, plan := range p.Scenario.Plans {
			if plan.Name != p.Scenario.Plan() && slices.Contains(plan.Relieves, condition.Step()) {
				return "--plan " + plan.Name
			}
		}
	}
	return ""
}
