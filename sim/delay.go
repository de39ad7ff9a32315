package sim

import "time"

// Delay is a queue of events that are all due the same time after they were scheduled, such as timeouts and times
// to live. The queue is FIFO and needs no heap: only its head is in the engine's heap. Cancelling costs O(1) and
// adds nothing to the heap.
type Delay struct {
	length  time.Duration
	ring    []entry // its length is a power of two
	head    uint64  // index of the first event that is not over
	tail    uint64
	waiting bool // the head is in the engine's heap
	number  int32
	own     bool // not shared with other callers of the same length
}

// Alarm identifies one event of a [Delay] by its index in the queue. Indexes are never reused, so a stale Alarm
// cancels nothing. The zero Alarm identifies no event.
type Alarm uint64

func newDelay(length time.Duration, number int32) *Delay {
	return &Delay{length: length, ring: make([]entry, 64), head: 1, tail: 1, number: number}
}

func (d *Delay) at(place uint64) *entry { return &d.ring[place&uint64(len(d.ring)-1)] }

func (d *Delay) push(e entry) Alarm {
	if d.tail-d.head == uint64(len(d.ring)) {
		d.grow()
	}
	*d.at(d.tail) = e
	d.tail++
	return Alarm(d.tail - 1)
}

func (d *Delay) grow() {
	longer := make([]entry, 2*len(d.ring))
	for place := d.head; place < d.tail; place++ {
		longer[place&uint64(len(longer)-1)] = *d.at(place)
	}
	d.ring = longer
}

// cancel cancels an event and reports whether it was pending.
func (d *Delay) cancel(alarm Alarm) bool {
	place := uint64(alarm)
	if place < d.head || place >= d.tail || d.at(place).event() == noEvent {
		return false
	}
	d.at(place).key |= uint64(noEvent)
	return true
}

// skip drops cancelled events from the head and reports whether one is left.
func (d *Delay) skip() bool {
	for d.head < d.tail && d.at(d.head).event() == noEvent {
		d.head++
	}
	return d.head < d.tail
}
