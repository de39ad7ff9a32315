package loadgen

import "time"

// Handshakes counts the TLS handshakes that succeeded, and the time from the connection to their end. A resumed
// handshake uses a session ticket, which spares the certificates.
type Handshakes struct {
	Full, Resumed         int
	FullTime, ResumedTime time.Duration // sums
}

func (h *Handshakes) add(resumed bool, took time.Duration) {
	if resumed {
		h.Resumed++
		h.ResumedTime += took
	} else {
		h.Full++
		h.FullTime += took
	}
}

// plus returns the sums of both.
func (h Handshakes) plus(other Handshakes) Handshakes {
	return Handshakes{h.Full + other.Full, h.Resumed + other.Resumed, h.FullTime + other.FullTime, h.ResumedTime + other.ResumedTime}
}
