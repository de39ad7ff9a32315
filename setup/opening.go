package setup

import (
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// simOpening maps the cost of connections at a station to a stop of a step there: the first stop of its route, where its
// connection arrives.
func (p *Planned) simOpening(step *scenarios.Step, hop int) sim.Opening {
	at := step.Route[hop].Station
	costs := p.Scenario.Stations[at].Opening
	visited := slices.ContainsFunc(step.Route[:hop], func(h scenarios.Hop) bool { return h.Station == at })
	if costs == (scenarios.Opening{}) || visited {
		return sim.Opening{}
	}
	connections := p.Scenario.Connections
	opening := sim.Opening{
		Connection: costs.Connection, Handshake: costs.Handshake, Cold: float64(connections.Cold),
		Own:    connections.Per == "person",
		First:  connections.Per == "person" && slices.Contains(p.People.Journey.Starts(), placeOf(p.Scenario, step.Name)),
		Resume: connections.Resume == nil || *connections.Resume,
	}
	if step.Request != nil && strings.HasPrefix(p.Scenario.Targets[step.Request.Target].URL, "http://") {
		opening.Handshake = 0
	}
	return opening
}

// simTogether maps the work that requests share.
func simTogether(t scenarios.Together) sim.Together {
	return sim.Together{Within: t.Within, Work: t.Time, Saved: float64(t.Saved)}
}
