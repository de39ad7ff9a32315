package drill

import (
	"fmt"
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload/fault"
)

// faults maps what the scenario says befalls a dependency.
func (r *Run) faults(name string) (fault.Schedule, error) {
	dependency := r.Scenario.Dependencies[name]
	var schedule fault.Schedule
	for _, f := range dependency.Faults {
		faults, err := f.Description().Faults(dependency.Kind)
		if err != nil {
			return nil, refuse("dependency %s: %w", name, err)
		}
		schedule = append(schedule, faults...)
	}
	return schedule, nil
}

func warmUp(d scenarios.Dependency) fault.WarmUp {
	return fault.WarmUp{For: d.WarmUp.For, From: float64(d.WarmUp.From)}
}

// warnUnsimulated says which of a dependency's faults the simulation leaves out.
func (r *Run) warnUnsimulated(name string, call sim.Dependency) {
	told := map[string]bool{}
	for _, f := range call.Faults {
		if text := f.String(); !f.Kind.Simulated() && !told[text] {
			told[text] = true
			r.Warnings = append(r.Warnings, fmt.Sprintf("the fault %s of dependency %s is not simulated; only a live run shows it", text, name))
		}
	}
}

// fateMark is a fault's mark in the timeline: first without a length, once it has ended with one.
func fateMark(fate mocks.Fate) funnel.Mark {
	text := fate.Fault + " of " + fate.On
	if fate.Hand {
		text += ", by hand"
	}
	return funnel.Mark{At: fate.At, For: fate.For, Kind: funnel.FaultMark, Text: text}
}

// addMark adds a mark; that of a fault which has ended takes the place of that of its beginning.
func addMark(marks []funnel.Mark, mark funnel.Mark) []funnel.Mark {
	if mark.Kind == funnel.FaultMark && mark.For > 0 {
		begun := mark
		begun.For = 0
		if place := slices.Index(marks, begun); place >= 0 {
			marks[place] = mark
			return marks
		}
	}
	return append(marks, mark)
}
