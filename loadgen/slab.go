package loadgen

import (
	"time"

	"github.com/ombak-sim/ombak/journey"
)

// session is one walk with the values it has extracted so far.
type session struct {
	walk   journey.Walk
	action journey.Action
	start  time.Duration // when the first request of the current attempt was sent; 0 before it
	sent   time.Duration // when the request in flight was sent; 0 if there is none
	taken  time.Duration // when the service accepted the request that is being polled; 0 before
	bag    *bag          // nil while it is empty
	lead   bool          // a step before the scheduled one, walked beside the person's main walk
	fresh  bool          // nothing was sent yet
	lost   bool          // could not be started at all
	waits  bool          // polls for an answer that is pending
}

// bag holds what a person carries from step to step.
type bag struct {
	got []string
	jar []cookie
}

// carry returns the session's bag, and creates it if necessary.
func (s *session) carry() *bag {
	if s.bag == nil {
		s.bag = &bag{}
	}
	return s.bag
}

// slab holds sessions in chunks of one size, so that it grows without copying.
type slab struct {
	pieces [][]session
	used   int32
	free   []int32
}

const (
	pieceBits = 12
	pieceMask = 1<<pieceBits - 1
)

func (s *slab) at(slot int32) *session { return &s.pieces[slot>>pieceBits][slot&pieceMask] }

// take returns a free index.
func (s *slab) take() int32 {
	var slot int32
	if n := len(s.free); n > 0 {
		slot, s.free = s.free[n-1], s.free[:n-1]
	} else {
		slot = s.used
		s.used++
		if int(slot>>pieceBits) == len(s.pieces) {
			s.pieces = append(s.pieces, make([]session, 1<<pieceBits))
		}
	}
	return slot
}

// drop frees an index.
func (s *slab) drop(slot int32) {
	*s.at(slot) = session{}
	s.free = append(s.free, slot)
}
