package setup

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/journey"
)

// close takes the number of people of a closed population from the scenario, unless the options give one.
func (p *Planned) close() error {
	closed := p.Scenario.Arrivals.Closed
	if closed == nil {
		return nil
	}
	if p.Options.MaxRate > 0 {
		return Refuse("scenario %s has a closed population, whose rate the service decides, so max-rate cannot bound it; give speed instead", p.Scenario.Name)
	}
	if p.Options.Closed > 0 {
		return nil
	}
	people := p.goRound()
	if parts := p.Options.Parts; parts > 0 {
		if people%parts != 0 {
			return Refuse("%d people go round, who cannot be divided evenly among %d generators; change closed.people or the number of parts", people, parts)
		}
		people /= parts
	}
	p.Options.Closed = people
	return nil
}

// goRound returns how many people go round in the scenario at the scale of the run, or 0 if people come otherwise.
func (p *Planned) goRound() int {
	arrivals := p.Scenario.Arrivals
	if arrivals.Closed == nil {
		return 0
	}
	return max(1, int(math.Round(float64(arrivals.Closed.People)*p.Options.Scale*cmp.Or(arrivals.Scale, 1))))
}

// WarningsOf returns the warnings of a run, and one if all people of the population came to its closed population.
func (p *Planned) WarningsOf(exhausted bool) []string {
	if !exhausted {
		return p.Warnings
	}
	return append(slices.Clip(p.Warnings), fmt.Sprintf("all %d people of the population have come, so fewer went round from then on; raise population.size", p.People.Size))
}

// closed maps the closed population, or the people that the options keep under way.
func (p *Planned) closed() journey.Closed {
	closed := journey.Closed{People: p.Options.Closed, Until: p.People.Last}
	if described := p.Scenario.Arrivals.Closed; described != nil {
		closed.Think = described.Think
	}
	return closed
}
