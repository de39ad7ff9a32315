package sim

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Opening is the work of connections at a stop of a route, which the request that opens one does besides its own.
type Opening struct {
	Connection time.Duration // of a server, for each connection
	Handshake  time.Duration // in addition, for each full TLS handshake
	Cold       float64       // share of requests that open a connection
	Own        bool          // people have connections of their own; otherwise only cold ones are theirs
	First      bool          // with Own: the first attempt of a person here opens theirs
	Resume     bool          // only the first handshake of a person is a full one; otherwise all are
}

func (o Opening) validate() error {
	if o.Connection < 0 || o.Handshake < 0 || !(o.Cold >= 0 && o.Cold <= 1) {
		return fmt.Errorf("work of %v and %v for a share of %v of the requests; give 0 or more, and a share from 0 to 1", o.Connection, o.Handshake, o.Cold)
	}
	return nil
}

// coldPurpose is that of the generator, so both open connections for the same requests.
var coldPurpose = workload.NewPurpose("connections/cold")

// opens returns the work of the connection that a request opens at a hop, or 0 if it opens none.
func (m *model) opens(r *request, hop *hop) time.Duration {
	o := hop.Opening
	first := o.Own && o.First && r.attempt == 1 && r.round == 0 && r.look == 0
	if !first {
		if o.Cold <= 0 {
			return 0
		}
		stream := m.config.Seed.Stream(coldPurpose, r.person, m.keyOf(r), int(r.attempt))
		if !stream.Chance(o.Cold) {
			return 0
		}
	}
	if first || !o.Resume || !o.Own && m.takesTicket(r) {
		return o.Connection + o.Handshake
	}
	return o.Connection
}

// takesTicket reports whether a request opens the first cold connection of a walk, which gets a ticket for the next ones.
func (m *model) takesTicket(r *request) bool {
	s := &m.sessions[r.session]
	if s.generation != r.generation || s.marks.has(ticketed) {
		return false
	}
	s.marks |= ticketed
	return true
}
