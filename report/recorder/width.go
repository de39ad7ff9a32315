package recorder

import (
	"maps"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// mostRows is the most rows that a Recording holds, and the most readings of a station: seconds are kept for 24 hours.
const mostRows = 24 * 60 * 60

// wider returns the next width of rows, in seconds. Widths up to a minute divide it, so that peaks of 60 s stay sums of whole
// rows.
func wider(width int64) int64 {
	switch width {
	case 4:
		return 12
	case 12:
		return 60
	}
	return 2 * width
}

// startOf returns the second at which the row of a second begins.
func startOf(second, width int64) int64 {
	rest := second % width
	if rest < 0 {
		rest += width
	}
	return second - rest
}

// length returns the number of rows from the first to the last.
func (r *Recording) length() int64 { return (r.latest-r.earliest)/r.width + 1 }

// widen merges rows until they have the given width. What was the most within 60 s is kept, because it cannot be told
// from wider rows.
func (r *Recording) widen(width int64) {
	if width == r.width {
		return
	}
	r.peaks = r.peaksSoFar()
	narrow := r.rows
	r.rows, r.width = make(map[int64]*row, len(narrow)/2+1), width
	r.earliest, r.latest = math.MaxInt64, math.MinInt64
	for second, from := range narrow {
		r.exact(startOf(second, width)).merge(from)
	}
}

// peaksSoFar returns the most within 60 s of a kind of count: people scheduled, then people passed, by step.
func (r *Recording) peaksSoFar() []uint64 {
	peaks := make([]uint64, 1+len(r.journey))
	copy(peaks, r.peaks)
	peaks[0] = max(peaks[0], r.most(func(row *row) uint64 { return row.scheduled }))
	for i := range r.journey {
		peaks[1+i] = max(peaks[1+i], r.most(func(row *row) uint64 { return uint64(row.steps[i].people[funnel.Completed]) }))
	}
	return peaks
}

// most returns the largest sum over 60 consecutive seconds, as far as rows show it.
func (r *Recording) most(count func(*row) uint64) uint64 {
	const window = 60
	var inside, most uint64
	if r.width > window {
		return 0
	}
	for second := r.earliest; second <= r.latest; second += r.width {
		if row := r.rows[second]; row != nil {
			inside += count(row)
		}
		if row := r.rows[second-window]; row != nil {
			inside -= count(row)
		}
		most = max(most, inside)
	}
	return most
}

// Readings holds the readings of stations, at most [mostRows] of each. Counts run from the start, so that the last reading
// is exact however many were left out.
type Readings struct{ stations map[string][]funnel.Reading }

// Add adds the latest reading of a station.
func (r *Readings) Add(reading funnel.Reading) {
	if r.stations == nil {
		r.stations = map[string][]funnel.Reading{}
	}
	all := append(r.stations[reading.Station], reading)
	if len(all) > mostRows {
		all = halved(all)
	}
	r.stations[reading.Station] = all
}

// halved returns every second reading, with the longest queue since the one before.
func halved(all []funnel.Reading) []funnel.Reading {
	kept := all[:0]
	for i := 0; i < len(all); i += 2 {
		reading := all[i]
		if i > 0 {
			reading.QueueMax = max(reading.QueueMax, all[i-1].QueueMax, all[i-1].Queued)
		}
		kept = append(kept, reading)
	}
	if len(all)%2 == 0 {
		kept = append(kept, all[len(all)-1])
	}
	return kept
}

// All returns the readings, each station's in order.
func (r *Readings) All() (all []funnel.Reading) {
	for _, name := range slices.Sorted(maps.Keys(r.stations)) {
		all = append(all, r.stations[name]...)
	}
	return all
}
