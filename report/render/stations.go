package render

import (
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// stationLayout is that of the table of stations.
const stationLayout = "lnrrrrn"

// stationCells returns a header and the rows of the stations whose waits are known, or nil if none are. They are known
// only in simulations.
func stationCells(r report.Report, name func(string) string) [][]string {
	rows := [][]string{{"station", "servers", "busy", "waited", "wait", "service", "queue"}}
	for _, row := range r.Stations {
		if row.PWait == nil || row.WaitS == nil || row.ServiceS == nil {
			continue
		}
		busy := "-"
		if available := row.Servers * r.DurationS; available > 0 {
			busy = units.Percent(row.BusyS / available)
		}
		rows = append(rows, []string{
			name(row.Name), units.Count(row.Servers), busy, units.Percent(*row.PWait), units.Time(*row.WaitS), units.Time(*row.ServiceS), units.Rate(row.QueueMean),
		})
	}
	if len(rows) == 1 {
		return nil
	}
	return rows
}

// stationTable returns the table of stations for a terminal, or an empty text.
func stationTable(r report.Report) string {
	rows := stationCells(r, func(name string) string { return clip(visible(name), 16) })
	if rows == nil {
		return ""
	}
	return units.Table(stationLayout, rows) + "waited: share of requests that had to wait; wait, service: means per request; queue: mean number waiting\n\n"
}

// summaryStations writes the table of stations, if any waits are known.
func summaryStations(b *strings.Builder, r report.Report) {
	if rows := stationCells(r, units.Cell); rows != nil {
		b.WriteString("## Stations\n\n" + units.Markdown(stationLayout, rows))
		b.WriteString("\nWaited is the share of requests that had to wait, wait and service are means per request, and queue is the mean number waiting.\n\n")
	}
}
