package drill

import (
	"fmt"
	"io"
	"strings"

	"github.com/ombak-sim/ombak/units"
)

// ModelHeading is how the file of a model begins.
const ModelHeading = "# Fitted by ombak calibrate to "

// WriteModel writes a calibration as YAML: the part of a scenario that it replaces. It can also stand
// below set of a plan.
func WriteModel(w io.Writer, m Model) error {
	var b strings.Builder
	fmt.Fprintf(&b, ModelHeading+"%d reports of %s, %.4g to %.4g requests per second.\n", m.Levels, m.Scenario, m.LowestS, m.HighestS)
	for _, warning := range m.Warnings {
		fmt.Fprintf(&b, "# warning: %s\n", warning)
	}
	for _, text := range m.Measured {
		fmt.Fprintf(&b, "# seen, not set: dependency %s\n", text)
	}
	b.WriteString("stations:\n")
	for _, station := range m.Stations {
		fmt.Fprintf(&b, "  # %s: %s\n", station.Name, station.Says())
		fmt.Fprintf(&b, "  %s: {servers: %d, service: %q", station.Name, station.Servers, station.Shape)
		if station.Name == "store" && station.PerBatch != nil {
			fmt.Fprintf(&b, ", batch: {per_row: %v", seconds(station.PerRequest.Seconds))
			if station.Late > 0 {
				fmt.Fprintf(&b, ", late: %v", seconds(station.Late))
			}
			switch {
			case station.Rows:
				fmt.Fprintf(&b, ", also: {station: web, time: %v, rows: true}", seconds(station.Also))
			case station.Also > 0:
				fmt.Fprintf(&b, ", also: {station: web, time: %v}", seconds(station.Also))
			}
			b.WriteString("}")
		}
		if station.Chores.Share > 0 {
			fmt.Fprintf(&b, ", chores: {share: %.3g, time: %v}", float64(station.Chores.Share), station.Chores.Time)
		}
		if station.Idling > 0 {
			fmt.Fprintf(&b, ", idling: %.4g", station.Idling)
		}
		b.WriteString("}\n")
	}
	if len(m.Delays) > 0 {
		b.WriteString("# Where the median at the least load was longer than the stations explain.\njourney:\n")
	}
	for _, delay := range m.Delays {
		fmt.Fprintf(&b, "  %s: {delay: %q}\n", delay.Step, delay.Beside)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Says tells the demands with their intervals in words.
func (s FittedStation) Says() string {
	text := s.PerRequest.says(s.Unit)
	if s.PerBatch != nil {
		text += ", " + s.PerBatch.says("batch")
	}
	return text + fmt.Sprintf("; R² %.3f", s.RSquared)
}

func (d FittedDemand) says(unit string) string {
	text := units.Time(d.Seconds) + " a " + unit
	if d.Interval != nil {
		text += fmt.Sprintf(" (95 %%: %s to %s)", units.Time(d.Interval[0]), units.Time(d.Interval[1]))
	}
	return text
}
