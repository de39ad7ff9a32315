package setup

import (
	"fmt"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload/fault"
)

// faults maps the scheduled faults of a dependency.
func (p *Planned) faults(name string) (fault.Schedule, error) {
	dependency := p.Scenario.Dependencies[name]
	var schedule fault.Schedule
	for _, f := range dependency.Faults {
		faults, err := f.Description().Faults(dependency.Kind)
		if err != nil {
			return nil, Refuse("dependency %s: %w", name, err)
		}
		schedule = append(schedule, faults...)
	}
	return schedule, nil
}

func warmUp(d scenarios.Dependency) fault.WarmUp {
	return fault.WarmUp{For: d.WarmUp.For, From: float64(d.WarmUp.From)}
}

// warnUnsimulated warns of each fault of a dependency that the simulation leaves out.
func (p *Planned) warnUnsimulated(name string, call sim.Dependency) {
	told := map[string]bool{}
	for _, f := range call.Faults {
		if text := f.String(); !f.Kind.Simulated() && !told[text] {
			told[text] = true
			p.Warnings = append(p.Warnings, fmt.Sprintf("the fault %s of dependency %s is not simulated; only a live run shows it", text, name))
		}
	}
}
