package loadgen

import "time"

// Wire is the name of the wire that a run used, and what it counted.
type Wire struct {
	Name     string // epoll or portable
	Opened   []int  // connections by the second of the run in which they began to open
	Waited   int    // requests that waited for a connection, because enough were being opened
	WaitTime time.Duration
	WaitMost time.Duration
	Sockets  Sockets
}

// Names of wires.
const (
	epollWire    = "epoll"
	portableWire = "portable"
)

// open counts a connection.
func (w *Wire) open(at time.Duration) {
	second := max(0, int(at/time.Second))
	for len(w.Opened) <= second {
		w.Opened = append(w.Opened, 0)
	}
	w.Opened[second]++
}

// wait counts a request that waited for a connection.
func (w *Wire) wait(took time.Duration) {
	w.Waited++
	w.WaitTime += took
	w.WaitMost = max(w.WaitMost, took)
}

// plus returns the counts of both.
func (w Wire) plus(other Wire) Wire {
	sum := Wire{Name: other.Name, Waited: w.Waited + other.Waited, WaitTime: w.WaitTime + other.WaitTime, WaitMost: max(w.WaitMost, other.WaitMost), Sockets: w.Sockets.plus(other.Sockets)}
	sum.Opened = make([]int, max(len(w.Opened), len(other.Opened)))
	for i, n := range w.Opened {
		sum.Opened[i] += n
	}
	for i, n := range other.Opened {
		sum.Opened[i] += n
	}
	return sum
}

// Connections returns how many connections were opened, and most in one second.
func (w Wire) Connections() (all, most int) {
	for _, n := range w.Opened {
		all += n
		most = max(most, n)
	}
	return all, most
}
