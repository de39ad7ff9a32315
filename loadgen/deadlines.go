package loadgen

import "time"

// deadlines holds the instants at which requests in flight time out. Most requests share a few timeouts. The
// deadlines of one timeout are in order, so each timeout has a queue. Deadlines are never cancelled: the
// caller of pop compares the sequence number.
type deadlines struct {
	queues []deadlineQueue
	other  timers // deadlines of further timeouts, mostly drawn ones
	made   uint64
}

type deadlineQueue struct {
	timeout time.Duration
	head    int
	entries []timer
}

// mostQueues is the number of timeouts that have their own queue.
const mostQueues = 8

// add adds a deadline and returns its sequence number, which is above 0.
func (d *deadlines) add(at, timeout time.Duration, slot int32) uint64 {
	d.made++
	for i := range d.queues {
		if q := &d.queues[i]; q.timeout == timeout {
			q.entries = append(q.entries, timer{at, d.made, slot})
			return d.made
		}
	}
	if len(d.queues) < mostQueues {
		d.queues = append(d.queues, deadlineQueue{timeout: timeout, entries: []timer{{at, d.made, slot}}})
		return d.made
	}
	d.other.pushTimer(timer{at, d.made, slot})
	return d.made
}

// first returns the earliest deadline.
func (d *deadlines) first() (time.Duration, bool) {
	at, any := d.other.first()
	for i := range d.queues {
		if q := &d.queues[i]; q.head < len(q.entries) && (!any || q.entries[q.head].at < at) {
			at, any = q.entries[q.head].at, true
		}
	}
	return at, any
}

// pop removes the earliest deadline.
func (d *deadlines) pop() (slot int32, sequence uint64) {
	first, _ := d.first()
	for i := range d.queues {
		if q := &d.queues[i]; q.head < len(q.entries) && q.entries[q.head].at == first {
			entry := q.entries[q.head]
			q.head++
			if q.head > len(q.entries)/2 && q.head > 1024 {
				q.entries = append(q.entries[:0], q.entries[q.head:]...)
				q.head = 0
			}
			return entry.slot, entry.sequence
		}
	}
	entry := d.other.popTimer()
	return entry.slot, entry.sequence
}
