package drill

import (
	"time"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// wireOf returns what a generator's wire has counted.
func wireOf(counted loadgen.Wire) *recorder.Wire {
	made := &recorder.Wire{Name: counted.Name, Connections: report.NewConnections(counted.Opened)}
	made.Connections.Waited = float64(counted.Waited)
	if counted.Waited > 0 {
		mean, longest := (counted.WaitTime / time.Duration(counted.Waited)).Seconds(), counted.WaitMost.Seconds()
		made.Connections.WaitMeanS, made.Connections.WaitMaxS = &mean, &longest
	}
	if s := counted.Sockets; len(s.Opened.Counts) > 0 {
		made.WebSockets = report.NewWebSockets(s.Opened, s.Sent, s.Received)
	}
	return made
}
