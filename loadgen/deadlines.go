package loadgen

import "time"

// deadlines are the instants at which requests under way run out of time. Most requests share a few
// timeouts, whose deadlines come in the order they were made: a queue for each. Nothing is ever
// cancelled; whoever pops one compares the sequence number.
type deadlines struct {
	queues []deadlineQueue
	other  timers // those of timeouts beyond the first few, drawn ones mostly
	made   uint64
}

type deadlineQueue struct {
	timeout time.Duration
	head    int
	entries []timer
}

// mostQueues bounds the timeouts that get a queue of their own.
const mostQueues = 8

// add notes a deadline and returns its sequence number, which is above 0.
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
