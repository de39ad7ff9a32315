package recorder

import (
	"cmp"

	"github.com/ombak-sim/ombak/report"
)

// Wire is what the generator says about its connections.
type Wire struct {
	Name        string              `json:"name"`
	Connections *report.Connections `json:"connections,omitempty"`
	WebSockets  *report.WebSockets  `json:"websockets,omitempty"`
}

// Plus returns what two generators say together.
func (w Wire) Plus(other Wire) Wire {
	return Wire{
		Name: cmp.Or(w.Name, other.Name), Connections: plusConnections(w.Connections, other.Connections),
		WebSockets: plusSockets(w.WebSockets, other.WebSockets),
	}
}

// plusConnections returns the connections of two generators together.
func plusConnections(c, other *report.Connections) *report.Connections {
	if c == nil || other == nil {
		return cmp.Or(c, other)
	}
	sum := c.Plus(*other)
	sum.Waited = c.Waited + other.Waited
	sum.WaitMeanS, sum.WaitMaxS = meanOf(c.Waited, c.WaitMeanS, other.Waited, other.WaitMeanS), cmp.Or(c.WaitMaxS, other.WaitMaxS)
	if c.WaitMaxS != nil && other.WaitMaxS != nil {
		most := max(*c.WaitMaxS, *other.WaitMaxS)
		sum.WaitMaxS = &most
	}
	return sum
}

// plusSockets returns the WebSockets of two generators together.
func plusSockets(s, other *report.WebSockets) *report.WebSockets {
	if s == nil || other == nil {
		return cmp.Or(s, other)
	}
	return s.Plus(*other)
}
