package render

import (
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// fleetLayout is that of the table of agents.
const fleetLayout = "lnnnnrrr"

// fleetHeader names the columns of the table of agents.
func fleetHeader() []string {
	return []string{"agent", "people", "sent", "dropped", "lost", "clock within", "began late by", "CPU"}
}

// fleetCells returns the rows of the generators on other machines.
func fleetCells(fleet []report.Agent, name func(string) string) (rows [][]string) {
	known := func(seconds *float64) string {
		if seconds == nil {
			return "-"
		}
		return units.Time(*seconds)
	}
	for _, row := range fleet {
		rows = append(rows, []string{
			name(row.Agent), units.Count(row.People), units.Count(row.Sent), units.Count(row.Dropped), units.Count(row.Lost),
			known(row.ClockBoundS), known(row.StartErrorS), known(row.CPUS),
		})
	}
	return rows
}

// fleetTable returns the table of agents for a terminal, or an empty text.
func fleetTable(r report.Report) string {
	if len(r.Fleet) == 0 {
		return ""
	}
	rows := append([][]string{fleetHeader()}, fleetCells(r.Fleet, func(name string) string { return clip(visible(name), 24) })...)
	return units.Table(fleetLayout, rows) + "clock within: what its offset is known to; began late by: after the instant that was planned\n\n"
}

// summaryFleet writes the table of agents, if there are any.
func summaryFleet(b *strings.Builder, r report.Report) {
	if len(r.Fleet) > 0 {
		rows := append([][]string{fleetHeader()}, fleetCells(r.Fleet, units.Cell)...)
		b.WriteString("## Generators\n\n" + units.Markdown(fleetLayout, rows))
		b.WriteString("\nThe clock of an agent is known within a bound. It began late by so much after the instant that was planned.\n\n")
	}
}

// lostOf names the people of whom nothing is known, if there are any.
func lostOf(offered report.Offered) string {
	if offered.Lost == 0 {
		return ""
	}
	return ", " + units.Count(offered.Lost) + " lost with their generators (other counts are lower bounds)"
}
