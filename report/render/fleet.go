package render

import (
	"fmt"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// fleetLayout is that of the table of agents.
const fleetLayout = "lnnnnrrrr"

// fleetHeader names the columns of the table of agents.
func fleetHeader() []string {
	return []string{"agent", "people", "sent", "dropped", "lost", "clock within", "began late by", "CPU", "machine"}
}

// fleetCells returns the rows of the generators on other machines.
func fleetCells(fleet []report.Agent, name func(string) string) (rows [][]string) {
	for _, row := range fleet {
		rows = append(rows, []string{
			name(row.Agent), units.Count(row.People), units.Count(row.Sent), units.Count(row.Dropped), units.Count(row.Lost),
			timeOr(row.ClockBoundS), timeOr(row.StartErrorS), timeOr(row.CPUS), busy(row.CPUShare, row.CPUShareMax),
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
	return units.Table(fleetLayout, rows) + "clock within: what its offset is known to; began late by: after the instant that was planned; machine: its CPU in use by anybody, and in the busiest second\n\n"
}

// placedLayout is that of the table of parts on other machines.
const placedLayout = "llrrr"

func placedHeader() []string { return []string{"part", "agent", "clock within", "CPU", "machine"} }

// placedCells returns the rows of the backends and mocks on other machines.
func placedCells(placed []report.Placed, name func(string) string) (rows [][]string) {
	for _, row := range placed {
		rows = append(rows, []string{name(row.Part), name(row.Agent), timeOr(row.ClockBoundS), timeOr(row.CPUS), busy(row.CPUShare, row.CPUShareMax)})
	}
	return rows
}

// placedTable returns the table of parts on other machines for a terminal, or an empty text.
func placedTable(r report.Report) string {
	if len(r.Placed) == 0 {
		return ""
	}
	rows := append([][]string{placedHeader()}, placedCells(r.Placed, func(name string) string { return clip(visible(name), 24) })...)
	return units.Table(placedLayout, rows) + "\n"
}

// busy says how much of a machine's CPU was in use, on average and at most.
func busy(mean, most *float64) string {
	if mean == nil || most == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f %% (%.0f %%)", 100**mean, 100**most)
}

func timeOr(seconds *float64) string {
	if seconds == nil {
		return "-"
	}
	return units.Time(*seconds)
}

// summaryFleet writes the table of agents, if there are any.
func summaryFleet(b *strings.Builder, r report.Report) {
	if len(r.Placed) > 0 {
		rows := append([][]string{placedHeader()}, placedCells(r.Placed, units.Cell)...)
		b.WriteString("## Backend and mocks\n\n" + units.Markdown(placedLayout, rows) + "\n")
	}
	if len(r.Fleet) > 0 {
		rows := append([][]string{fleetHeader()}, fleetCells(r.Fleet, units.Cell)...)
		b.WriteString("## Generators\n\n" + units.Markdown(fleetLayout, rows))
		b.WriteString("\nThe clock of an agent is known within a bound. It began late by so much after the instant that was planned. Of its machine's CPU so much was in use, by anybody, and so much in the busiest second.\n\n")
	}
}

// lostOf names the people of whom nothing is known, if there are any.
func lostOf(offered report.Offered) string {
	if offered.Lost == 0 {
		return ""
	}
	return ", " + units.Count(offered.Lost) + " lost with their generators (other counts are lower bounds)"
}
