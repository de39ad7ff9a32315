package sim

import (
	"math/bits"
	"time"
)

// Event is a kind and the number of its subject. The model that schedules it defines the meaning of both.
type Event uint32

// Kind is the kind of an [Event]. A model may have 30.
type Kind uint32

const (
	subjectBits  = 27
	subjectMask  = 1<<subjectBits - 1
	mostSubjects = 1 << subjectBits

	// lastKind is the largest kind that a model may use. The two above are the engine's own.
	lastKind    Kind = 29
	delayKind   Kind = 30 // the head of a [Delay]
	revocable   Kind = 31 // an entry in the table of revocable events
	noEvent          = ^Event(0)
	sequenceEnd      = 1 << 32
)

// NewEvent returns an event with a kind of at most 29 and a subject below 2^27.
func NewEvent(kind Kind, subject int32) Event {
	return Event(kind)<<subjectBits | Event(subject)&subjectMask
}

// Kind returns the kind of the event.
func (e Event) Kind() Kind { return Kind(e >> subjectBits) }

// Subject returns the number of the event's subject.
func (e Event) Subject() int32 { return int32(e & subjectMask) }

// entry is one pending event: 16 bytes, four to a cache line. The upper half of the key is the sequence, so
// comparing (at, key) orders events of one instant as they were scheduled.
type entry struct {
	at  time.Duration // never negative
	key uint64        // sequence, event
}

func newEntry(at time.Duration, sequence uint64, event Event) entry {
	return entry{at, sequence<<32 | uint64(event)}
}

func (e entry) event() Event { return Event(e.key) }

// before compares without a branch: it takes the borrow of the 128-bit difference.
func (e entry) before(other entry) bool { return e.borrow(other) != 0 }

func (e entry) borrow(other entry) uint64 {
	_, borrow := bits.Sub64(e.key, other.key, 0)
	_, borrow = bits.Sub64(uint64(e.at), uint64(other.at), borrow)
	return borrow
}
