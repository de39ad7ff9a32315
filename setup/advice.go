package setup

import (
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// TryNext names what to try after a run: the first other plan of the scenario that relieves a step
// whose threshold did not hold, as "--plan NAME", or "". An invalid run says nothing of its plan.
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
