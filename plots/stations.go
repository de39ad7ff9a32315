package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// mostStations is the most stations in a figure; more would be unreadable.
const mostStations = 7

func stationsFigure() drawing {
	return drawing{
		name: "stations", title: "Utilization and queue of each station",
		question: "Which part is the bottleneck?",
		draw:     drawStations, describe: describeStations,
	}
}

// drawStations draws how busy the servers of each station are and how many requests wait for them.
func drawStations(p *page, r report.Report) error {
	p.height, p.note = pageHeight+60, "no data: no station was read"
	if stations := busiest(r.Series.Stations); len(stations) > 0 {
		p.stations(r, stations)
	}
	return nil
}

// busiest returns the stations with a queue, and those whose servers are counted and were in use. The longest queues
// come first, then the busiest.
func busiest(stations []report.StationSeries) []report.StationSeries {
	var used []report.StationSeries
	for _, station := range stations {
		if counted := largest(floats(station.Servers)) > 0; len(station.TS) > 0 && (largest(floats(station.Queued)) > 0 || counted && largest(station.BusyS) > 0) {
			used = append(used, station)
		}
	}
	slices.SortStableFunc(used, func(a, b report.StationSeries) int {
		return cmp.Or(cmp.Compare(largest(floats(b.Queued)), largest(floats(a.Queued))), cmp.Compare(largest(b.BusyS), largest(a.BusyS)))
	})
	return used[:min(len(used), mostStations)]
}

func floats(column []int64) []float64 {
	values := make([]float64, len(column))
	for i, value := range column {
		values[i] = float64(value)
	}
	return values
}

func (p *page) stations(r report.Report, stations []report.StationSeries) {
	from, to := math.Inf(1), math.Inf(-1)
	queued := 1.0
	for _, station := range stations {
		from, to = min(from, station.TS[0], 0), max(to, station.TS[len(station.TS)-1])
		queued = max(queued, largest(floats(station.Queued)))
	}
	x, unit := timeAxis(from, to)
	lowerX := x
	x.label = ""
	upper := newPanel(x, axis{label: "servers in use", max: 105, most: 5, write: func(v float64) string { return units.Number(v) + " %" }})
	lower := newPanel(lowerX, axis{label: "requests waiting", max: 1.08 * queued, most: 5})
	upper.Add(bands{events: r.Timeline, unit: unit, numbers: true}, grid{})
	lower.Add(bands{events: r.Timeline, unit: unit}, grid{})
	for i, station := range stations {
		style := lineStyle(i)
		style.Width = min(style.Width, lineWidth(len(station.TS)))
		at := make([]float64, len(station.TS))
		for k, t := range station.TS {
			at[k] = t / unit
		}
		upper.Add(curve{x: at, y: utilization(station), style: style})
		lower.Add(curve{x: at, y: floats(station.Queued), style: style})
		p.legend = append(p.legend, entry{name: station.Name, line: lineStyle(i)})
	}
	p.panels, p.caption, p.note = []panel{upper, lower}, caption(r.Timeline, unit), ""
}

// utilization returns, for each reading, the percentage of the servers' time in use since the reading before. It is
// unknown if the servers are not counted.
func utilization(s report.StationSeries) []float64 {
	shares := make([]float64, len(s.TS))
	var t, busy float64
	for i := range s.TS {
		shares[i] = math.NaN()
		if length := s.TS[i] - t; length > 0 && s.Servers[i] > 0 {
			shares[i] = min(100, max(0, 100*(s.BusyS[i]-busy)/(length*float64(s.Servers[i]))))
		}
		t, busy = s.TS[i], s.BusyS[i]
	}
	return shares
}

func describeStations(r report.Report) (parts []string) {
	for _, row := range r.Stations {
		words := fmt.Sprintf("%s: at most %s waited", row.Name, units.Number(row.QueueMax))
		if row.Servers > 0 && r.DurationS > 0 {
			words += ", in use " + units.Percent(row.BusyS/(row.Servers*r.DurationS))
		}
		parts = append(parts, words)
	}
	return parts
}
