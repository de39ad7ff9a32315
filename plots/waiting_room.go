package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

func waitingRoomFigure() drawing {
	return drawing{
		name: "waiting-room", title: "Queue, admissions and expected wait of the waiting rooms",
		question: "How long do people wait in the waiting room?",
		applies:  func(r report.Report) bool { return len(waitingRooms(r.Series.Stations)) > 0 },
		draw:     drawWaitingRooms, describe: describeWaitingRooms,
	}
}

// drawWaitingRooms draws how many people wait in each waiting room, how many are admitted, and the expected
// wait of those who arrive.
func drawWaitingRooms(p *page, r report.Report) error {
	p.height, p.note = pageHeight+140, "no data: nobody had to wait in a waiting room"
	if rooms := waitingRooms(r.Series.Stations); len(rooms) > 0 {
		p.waitingRooms(r, rooms)
	}
	return nil
}

// waitingRooms returns the stations in front of a step that have a queue and no servers, the longest queue first. A gate
// at a step has servers, and a token bucket has no queue.
func waitingRooms(stations []report.StationSeries) (rooms []report.StationSeries) {
	for _, station := range stations {
		known := len(station.TS) > 0 && len(station.Arrivals) == len(station.TS) && len(station.Completions) == len(station.TS)
		if known && strings.HasPrefix(station.Name, "step:") && largest(floats(station.Servers)) == 0 && largest(floats(station.Queued)) > 0 {
			rooms = append(rooms, station)
		}
	}
	slices.SortStableFunc(rooms, func(a, b report.StationSeries) int {
		return cmp.Compare(largest(floats(b.Queued)), largest(floats(a.Queued)))
	})
	return rooms[:min(len(rooms), mostStations)]
}

func (p *page) waitingRooms(r report.Report, rooms []report.StationSeries) {
	var curves [3][]curve // who waits, who is admitted, how long
	var most [3]float64
	from, to := math.Inf(1), math.Inf(-1)
	for _, room := range rooms {
		from, to = min(from, room.TS[0], 0), max(to, room.TS[len(room.TS)-1])
	}
	x, unit := timeAxis(from, to)
	for i, room := range rooms {
		style := lineStyle(i)
		p.legend = append(p.legend, entry{name: "in front of " + strings.TrimPrefix(room.Name, "step:"), line: style})
		style.Width = min(style.Width, lineWidth(len(room.TS)))
		at := make([]float64, len(room.TS))
		for k, t := range room.TS {
			at[k] = t / unit
		}
		for k, y := range [3][]float64{floats(room.Queued), perSecond(room.TS, room.Completions), waits(room)} {
			curves[k] = append(curves[k], curve{x: at, y: y, style: style})
			most[k] = max(most[k], largest(y))
		}
	}
	span, name := waitUnit(most[2])
	for i := range curves[2] {
		for k := range curves[2][i].y {
			curves[2][i].y[k] /= span
		}
	}
	most[2] /= span
	for k, label := range [3]string{"people waiting", "let in per second", "expected wait (" + name + ")"} {
		under := x
		if k < 2 {
			under.label = ""
		}
		drawn := newPanel(under, axis{label: label, max: 1.08 * most[k], most: 5})
		drawn.Add(bands{events: r.Timeline, unit: unit, numbers: k == 0}, grid{})
		for _, line := range curves[k] {
			drawn.Add(line)
		}
		p.panels = append(p.panels, drawn)
	}
	p.caption, p.note = append([]string{"expected wait: until as many people are let in as had arrived"}, caption(r.Timeline, unit)...), ""
}

// waitUnit returns a suitable unit for waits, in seconds, and its name.
func waitUnit(most float64) (seconds float64, name string) {
	switch {
	case most > 3*3600:
		return 3600, "h"
	case most > 10*60:
		return 60, "min"
	}
	return 1, "s"
}

// perSecond returns, for each reading, the rate of a count since the reading before. It is unknown for the first reading,
// and if two readings lie too close together, as the last two may.
func perSecond(at []float64, counts []uint64) []float64 {
	rates := make([]float64, len(at))
	least := (at[len(at)-1] - at[0]) / float64(2*len(at))
	for i := range rates {
		rates[i] = math.NaN()
		if i > 0 && at[i]-at[i-1] > least && counts[i] >= counts[i-1] {
			rates[i] = float64(counts[i]-counts[i-1]) / (at[i] - at[i-1])
		}
	}
	return rates
}

// waits returns, for each reading, the time until as many have been let in as had arrived by then, interpolated between
// readings. In a queue it is the wait of the last to arrive, and in a lottery the mean wait. It is unknown if the run ends
// first.
func waits(room report.StationSeries) []float64 {
	expected := make([]float64, len(room.TS))
	next := 0
	for i, came := range room.Arrivals {
		for next < len(room.TS) && room.Completions[next] < came {
			next++
		}
		switch {
		case next == len(room.TS):
			expected[i] = math.NaN()
		case next <= i:
			expected[i] = 0
		default:
			before, after := float64(room.Completions[next-1]), float64(room.Completions[next])
			share := min(1, max(0, (float64(came)-before)/max(1, after-before)))
			expected[i] = max(0, room.TS[next-1]+share*(room.TS[next]-room.TS[next-1])-room.TS[i])
		}
	}
	return expected
}

func describeWaitingRooms(r report.Report) (parts []string) {
	for _, room := range waitingRooms(r.Series.Stations) {
		last := len(room.TS) - 1
		parts = append(parts, fmt.Sprintf("%s: %s people arrived, at most %s waited, %s were let in, the "+
			"longest expected wait was %s", strings.TrimPrefix(room.Name, "step:"),
			units.Number(float64(room.Arrivals[last])), units.Number(largest(floats(room.Queued))), units.Number(float64(room.Completions[last])), about(largest(waits(room)))))
	}
	return parts
}
