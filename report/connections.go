package report

import "github.com/ombak-sim/ombak/journey/funnel"

// NewConnections returns the counts of connections that were opened at these times.
func NewConnections(opened funnel.Tally) *Connections {
	all, most := opened.Sum()
	return &Connections{Opened: all, PeakPerS: most / float64(max(opened.BinS, 1)), OpenedAt: &opened}
}

// NewWebSockets returns the counts of WebSockets and messages at these times.
func NewWebSockets(opened, sent, received funnel.Tally) *WebSockets {
	w := &WebSockets{OpenedAt: &opened, SentAt: &sent, ReceivedAt: &received}
	w.Opened, _ = opened.Sum()
	w.Sent, _ = sent.Sum()
	w.Received, _ = received.Sum()
	return w
}

// Plus returns the connections of two generators together. Without times, their busiest seconds may differ, and the peak is an
// upper bound.
func (c Connections) Plus(other Connections) *Connections {
	sum := &Connections{Opened: c.Opened + other.Opened, PeakPerS: c.PeakPerS + other.PeakPerS}
	if c.OpenedAt != nil && other.OpenedAt != nil {
		sum = NewConnections(c.OpenedAt.Plus(*other.OpenedAt))
	}
	return sum
}

// Plus returns the WebSockets of two generators together.
func (w WebSockets) Plus(other WebSockets) *WebSockets {
	if w.OpenedAt == nil || other.OpenedAt == nil || w.SentAt == nil || other.SentAt == nil || w.ReceivedAt == nil || other.ReceivedAt == nil {
		return &WebSockets{Opened: w.Opened + other.Opened, Sent: w.Sent + other.Sent, Received: w.Received + other.Received}
	}
	return NewWebSockets(w.OpenedAt.Plus(*other.OpenedAt), w.SentAt.Plus(*other.SentAt), w.ReceivedAt.Plus(*other.ReceivedAt))
}
