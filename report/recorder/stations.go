package recorder

import (
	"cmp"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// byStation groups readings by station, in order of name and time.
func byStation(readings []funnel.Reading) [][]funnel.Reading {
	sorted := slices.Clone(readings)
	slices.SortStableFunc(sorted, func(a, b funnel.Reading) int {
		return cmp.Or(cmp.Compare(a.Station, b.Station), cmp.Compare(a.At, b.At))
	})
	var groups [][]funnel.Reading
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && sorted[n].Station == sorted[0].Station {
			n++
		}
		groups = append(groups, sorted[:n])
		sorted = sorted[n:]
	}
	return groups
}

// stationRows summarizes each station by its last reading, whose counts run from the start.
func stationRows(readings []funnel.Reading, duration time.Duration, engine report.Engine) []report.StationRow {
	var rows []report.StationRow
	for _, group := range byStation(readings) {
		last := group[len(group)-1]
		row := report.StationRow{
			Name: last.Station, Servers: float64(last.Servers),
			Completions: float64(last.Completions), BusyS: last.BusyTime.Seconds(),
		}
		for _, reading := range group {
			row.QueueMax = max(row.QueueMax, float64(reading.QueueMax), float64(reading.Queued))
		}
		if duration > 0 {
			row.QueueMean = last.QueueTime.Seconds() / duration.Seconds()
		}
		if last.Batches > 0 {
			batches, fsync := float64(last.Batches), last.SyncTime.Seconds()
			row.Batches, row.FsyncS = &batches, &fsync
			if last.BusySquare > 0 && row.BusyS > 0 {
				scv := max(0, batches*last.BusySquare/(row.BusyS*row.BusyS)-1)
				row.BatchSCV = &scv
			}
		}
		if engine == report.Simulated {
			wasted := float64(last.Wasted)
			row.Wasted = &wasted
			addWaits(&row, last)
		}
		rows = append(rows, row)
	}
	return rows
}

// addWaits adds what a simulated station knows of waits. A gate knows nothing of them.
func addWaits(row *report.StationRow, last funnel.Reading) {
	if last.Begun > 0 {
		begun := float64(last.Begun)
		delayed, wait := float64(last.Delayed)/begun, last.WaitTime.Seconds()/begun
		row.PWait, row.WaitS = &delayed, &wait
	}
	if last.Begun > 0 && last.Completions > 0 {
		service := last.ServiceTime.Seconds() / float64(last.Completions)
		row.ServiceS = &service
	}
}

func stationSeries(readings []funnel.Reading, clock func(time.Duration) time.Duration) []report.StationSeries {
	var all []report.StationSeries
	for _, group := range byStation(readings) {
		series := report.StationSeries{Name: group[0].Station}
		for _, reading := range group {
			series.TS = append(series.TS, reading.At.Seconds())
			series.ScenarioS = append(series.ScenarioS, clock(reading.At).Seconds())
			series.Servers = append(series.Servers, int64(reading.Servers))
			series.Busy = append(series.Busy, int64(reading.Busy))
			series.Queued = append(series.Queued, int64(reading.Queued))
			series.Arrivals = append(series.Arrivals, reading.Arrivals)
			series.Completions = append(series.Completions, reading.Completions)
			series.Rejections = append(series.Rejections, reading.Rejections)
			series.BusyS = append(series.BusyS, reading.BusyTime.Seconds())
			series.QueueS = append(series.QueueS, reading.QueueTime.Seconds())
		}
		all = append(all, series)
	}
	return all
}
