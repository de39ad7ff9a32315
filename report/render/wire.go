package render

import (
	"fmt"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// wire says how many connections the generator opened, and how many requests waited for one.
func wire(g report.Generator) (text string) {
	if c := g.Connections; c != nil {
		text = fmt.Sprintf("\nconnections: %s opened, up to %s a second", units.Count(c.Opened), units.Count(c.PeakPerS))
		if c.Waited > 0 && c.WaitMeanS != nil && c.WaitMaxS != nil {
			text += fmt.Sprintf("; %s requests waited for one, %s on average, %s at most", units.Count(c.Waited), units.Time(*c.WaitMeanS), units.Time(*c.WaitMaxS))
		}
		text += prefixed(" (wire: ", visible(g.Wire)) + map[bool]string{true: ")"}[g.Wire != ""]
	}
	if s := g.WebSockets; s != nil {
		text += fmt.Sprintf("\nWebSockets: %s opened, %s messages sent, %s received", units.Count(s.Opened), units.Count(s.Sent), units.Count(s.Received))
	}
	return text
}
