package calibration

import (
	"fmt"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
)

// Bounds of the cost of connections.
const (
	fewestOpened  = 0.05 // connections for each request, by which runs must differ
	fewestOfThese = 0.02 // full handshakes for each request that follow from neither requests nor connections
	leastShare    = 0.02 // of a process's work, that connections take where they take most
)

// openedPerRequest returns the connections that the generator opened for each request; 0 if that is not known.
func openedPerRequest(r report.Report) float64 {
	if requests := requestsOf(r); r.Generator != nil && r.Generator.Connections != nil && requests > 0 {
		return r.Generator.Connections.Opened / requests
	}
	return 0
}

// handshakesPerRequest returns the full TLS handshakes for each request; 0 if that is not known.
func handshakesPerRequest(r report.Report) float64 {
	if requests := requestsOf(r); r.Generator != nil && r.Generator.Handshakes != nil && requests > 0 {
		return r.Generator.Handshakes.Full / requests
	}
	return 0
}

// connecting is how runs opened connections.
type connecting struct {
	opened, full []float64 // for each request of each run
}

func connectionsOf(reports []report.Report) (c connecting) {
	for _, r := range reports {
		c.opened, c.full = append(c.opened, openedPerRequest(r)), append(c.full, handshakesPerRequest(r))
	}
	return c
}

// spread returns the greatest value and by how much it exceeds the least.
func spread(values []float64) (most, by float64) {
	least := math.Inf(1)
	for _, v := range values {
		most, least = max(most, v), min(least, v)
	}
	return most, most - least
}

// differ reports whether the runs tell the cost of a connection from that of a request, and the cost of a handshake from
// both.
func (c connecting) differ() (connection, handshake bool) {
	_, by := spread(c.opened)
	connection = by >= fewestOpened
	left := c.full
	if connection {
		left = besideLine(c.opened, c.full)
	}
	_, by = spread(left)
	return connection, by >= fewestOfThese
}

// besideLine returns by how much each y differs from the straight line through all points.
func besideLine(x, y []float64) []float64 {
	meanX, meanY, slope := lineThrough(x, y)
	beside := make([]float64, len(x))
	for i := range x {
		beside[i] = y[i] - meanY - slope*(x[i]-meanX)
	}
	return beside
}

// lineThrough returns the means of the points, and the slope of the straight line through them by least squares: NaN if
// all x are equal.
func lineThrough(x, y []float64) (meanX, meanY, slope float64) {
	n := float64(len(x))
	for i := range x {
		meanX, meanY = meanX+x[i]/n, meanY+y[i]/n
	}
	xx, xy := 0., 0.
	for i := range x {
		xx, xy = xx+(x[i]-meanX)*(x[i]-meanX), xy+(x[i]-meanX)*(y[i]-meanY)
	}
	return meanX, meanY, xy / xx
}

// warnOfConnections says what the runs leave open about the cost of connections. It is for all processes.
func (m *Model) warnOfConnections(c connecting) {
	most, _ := spread(c.opened)
	full, _ := spread(c.full)
	connection, handshake := c.differ()
	costly := slices.ContainsFunc(m.Stations, func(s FittedStation) bool { return s.Opening.Connection != nil })
	switch {
	case !connection && most >= fewestOpened:
		m.Warnings = append(m.Warnings, fmt.Sprintf("every run opened nearly the same number of connections for each request (%.2g), so their cost cannot be told apart from the cost of a request; add a run with connections.cold", most))
	case costly && !handshake && full >= fewestOfThese:
		m.Warnings = append(m.Warnings, "full TLS handshakes rose with the connections, so the cost of a connection includes that of its handshake; add a run with another connections.resume")
	}
	if costly && c.many() == 1 {
		m.Warnings = append(m.Warnings, "only one run opened that many connections, so whatever else was different in it counts as their cost; add another run with connections.cold")
	}
}

// many counts the runs that opened more connections for each request than the middle between the fewest and the most.
func (c connecting) many() (count int) {
	most, by := spread(c.opened)
	for _, opened := range c.opened {
		if opened > most-by/2 {
			count++
		}
	}
	return count
}

// withConnections returns the form with the cost of connections and handshakes, as far as the runs tell and show it.
func withConnections(f form, steps []string, runs []runRows, c connecting) form {
	f.connection, f.handshake = c.differ()
	for f.connection || f.handshake {
		work, err := f.fit(steps, runs)
		if err != nil {
			f.connection, f.handshake = false, false
			return f
		}
		kept := f
		for k, name := range f.kinds() {
			if kind := work.Kinds[len(steps)+k]; !certain(kind) || f.shareOf(work, len(steps)+k, runs) < leastShare {
				kept.connection, kept.handshake = kept.connection && name != connectionKind, kept.handshake && name != handshakeKind
			}
		}
		if kept.connection == f.connection && kept.handshake == f.handshake {
			break
		}
		f = kept
	}
	return f
}

func certain(kind capacity.KindOfWork) bool { return kind.Seconds > 0 && kind.Interval[0] > 0 }

// shareOf returns the share of a process's work that a kind takes in the run where it takes most.
func (f form) shareOf(work capacity.Work, kind int, runs []runRows) (most float64) {
	for _, run := range runs {
		of, all := 0., 0.
		for _, row := range run.rows {
			of, all = of+work.Kinds[kind].Seconds*f.row(row, run.run).Counts[kind], all+row.Busy
		}
		most = max(most, of/max(all, math.SmallestNonzeroFloat64))
	}
	return most
}
