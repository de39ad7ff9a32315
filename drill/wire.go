package drill

import (
	"time"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// wireOf returns what a generator's wire has counted.
func wireOf(counted loadgen.Wire) *recorder.Wire {
	all, most := counted.Connections()
	made := &recorder.Wire{Name: counted.Name, Connections: &report.Connections{Opened: float64(all), PeakPerS: float64(most), Waited: float64(counted.Waited)}}
	if counted.Waited > 0 {
		mean, longest := (counted.WaitTime / time.Duration(counted.Waited)).Seconds(), counted.WaitMost.Seconds()
		made.Connections.WaitMeanS, made.Connections.WaitMaxS = &mean, &longest
	}
	if s := counted.Sockets; s.Opened > 0 {
		made.WebSockets = &report.WebSockets{Opened: float64(s.Opened), Sent: float64(s.Sent), Received: float64(s.Received)}
	}
	return made
}
