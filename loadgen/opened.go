package loadgen

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Wire is the name of the wire that a run used, and what it counted.
type Wire struct {
	Name     string       // epoll or portable
	Opened   funnel.Tally // connections, when they began to open
	Waited   int          // requests that waited for a connection, because enough were being opened
	WaitTime time.Duration
	WaitMost time.Duration
	Sockets  Sockets
}

// Names of wires.
const (
	epollWire    = "epoll"
	portableWire = "portable"
)

// wait counts a request that waited for a connection.
func (w *Wire) wait(took time.Duration) {
	w.Waited++
	w.WaitTime += took
	w.WaitMost = max(w.WaitMost, took)
}

// plus returns the counts of both.
func (w Wire) plus(other Wire) Wire {
	return Wire{
		Name: other.Name, Opened: w.Opened.Plus(other.Opened),
		Waited: w.Waited + other.Waited, WaitTime: w.WaitTime + other.WaitTime, WaitMost: max(w.WaitMost, other.WaitMost), Sockets: w.Sockets.plus(other.Sockets),
	}
}
