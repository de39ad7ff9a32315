package sim

import "time"

// Delay is a queue of events that are all due the same time after they were scheduled: timeouts,
// times to live. What is scheduled first is due first, so no heap is needed; only the head stands
// in the engine's heap. Cancelling costs O(1) and leaves nothing behind there.
type Delay struct {
	length  time.Duration
	ring    []entry // a power of two long
	head    uint64  // place of the first that is not yet over
	tail    uint64
	waiting bool // the head stands in the engine's heap
	number  int32
	own     bool // nobody else gets it who asks for one of the length
}

// Alarm names one event of a [Delay]. It is its place in the queue, which never comes again, so a
// stale Alarm cancels nothing. The zero Alarm is none.
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

// cancel strikes an event out.
func (d *Delay) cancel(alarm Alarm) bool {
	place := uint64(alarm)
	if place < d.head || place >= d.tail || d.at(place).event() == noEvent {
		return false
	}
	d.at(place).key |= uint64(noEvent)
	return true
}

// skip drops struck-out events from the head and says whether one is left.
func (d *Delay) skip() bool {
	for d.head < d.tail && d.at(d.head).event() == noEvent {
		d.head++
	}
	return d.head < d.tail
}
