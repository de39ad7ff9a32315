package sim

import (
	"slices"
	"time"
)

// Engine is a clock that jumps from event to event. Time is in integer nanoseconds. Events of one instant happen
// in the order in which they were scheduled. The engine starts no goroutine and, once its tables have grown,
// allocates nothing.
//
// Time never goes back: an event scheduled in the past happens now.
type Engine struct {
	now      time.Duration
	end      time.Duration // of the current [Engine.NextBefore]
	sequence uint64
	events   uint64
	heap     heap
	far      far
	rung     rung
	delays   []*Delay
	revocables
}

// NewEngine returns an engine at time 0 without events.
func NewEngine() *Engine {
	e := new(Engine)
	e.Reset()
	return e
}

// Reset returns the engine to its initial state and keeps its memory.
func (e *Engine) Reset() {
	*e = Engine{heap: e.heap.emptied(), far: e.far.emptied(), rung: e.rung.emptied(), revocables: e.revocables.emptied()}
}

// Now returns the time since the start.
func (e *Engine) Now() time.Duration { return e.now }

// Events returns how many events have happened.
func (e *Engine) Events() uint64 { return e.events }

// Pending returns the number of scheduled events. It includes revoked events that are not due yet, and counts each
// [Delay] in use once.
func (e *Engine) Pending() int { return e.heap.len() + e.rung.len() + e.far.count }

// At schedules an event.
func (e *Engine) At(at time.Duration, event Event) {
	e.push(newEntry(max(at, e.now), e.ordinal(), event))
}

// After schedules an event after a delay from now.
func (e *Engine) After(delay time.Duration, event Event) { e.At(e.now+delay, event) }

// ordinal returns the sequence number of the next event.
func (e *Engine) ordinal() uint64 {
	if e.sequence == sequenceEnd-1 {
		e.renumber()
	}
	e.sequence++
	return e.sequence
}

// Delay returns the queue for events of one constant delay.
func (e *Engine) Delay(length time.Duration) *Delay {
	for _, known := range e.delays {
		if known.length == length && !known.own {
			return known
		}
	}
	return e.addDelay(length)
}

// ownDelay returns a queue that is not shared with other callers of the same length.
func (e *Engine) ownDelay(length time.Duration) *Delay {
	delay := e.addDelay(length)
	delay.own = true
	return delay
}

func (e *Engine) addDelay(length time.Duration) *Delay {
	delay := newDelay(length, int32(len(e.delays)))
	e.delays = append(e.delays, delay)
	return delay
}

// Arm schedules an event after a constant delay.
func (e *Engine) Arm(delay *Delay, event Event) Alarm { return e.armSince(e.moment(), delay, event) }

// moment is a position in the order of scheduling.
type moment struct {
	at       time.Duration
	sequence uint64
}

func (e *Engine) moment() moment { return moment{e.now, e.ordinal()} }

// armSince has the effect of an Arm at an earlier moment. No event may have happened since, and nothing may have
// been armed with this delay.
func (e *Engine) armSince(began moment, delay *Delay, event Event) Alarm {
	alarm := delay.push(newEntry(began.at+delay.length, began.sequence, event))
	if !delay.waiting {
		e.wait(delay)
	}
	return alarm
}

// Disarm cancels an event of a delay and reports whether it was pending.
func (e *Engine) Disarm(delay *Delay, alarm Alarm) bool { return delay.cancel(alarm) }

// wait pushes the head of a delay onto the heap with the head's own time and sequence.
func (e *Engine) wait(delay *Delay) {
	delay.waiting = delay.skip()
	if delay.waiting {
		head := delay.at(delay.head)
		e.push(newEntry(head.at, head.key>>32, NewEvent(delayKind, delay.number)))
	}
}

// Next advances the clock to the next event and returns it. It returns false if no event is left.
func (e *Engine) Next() (Event, bool) { return e.NextBefore(never) }

// NextBefore is like Next, but returns only events before end. It returns false if none is left.
func (e *Engine) NextBefore(end time.Duration) (Event, bool) {
	e.end = end
	for {
		first, onRung := e.first()
		if first.at >= end {
			return 0, false
		}
		e.take(onRung)
		event, due := first.event(), true
		if event.Kind() > lastKind {
			if event.Kind() == delayKind {
				event, due = e.expire(e.delays[event.Subject()], first)
			} else {
				event, due = e.settle(event.Subject())
			}
		}
		if due {
			e.now = first.at
			e.events++
			return event, true
		}
	}
}

// Peek returns a lower bound of the time of the next event. It returns false if no event is pending.
func (e *Engine) Peek() (time.Duration, bool) {
	first, _ := e.first()
	return first.at, first != neverDue
}

// Advance advances the clock to an instant before which nothing is due.
func (e *Engine) Advance(to time.Duration) { e.now = max(e.now, to) }

// skip advances the clock to an instant if nothing else is due up to it, and reports whether it did. This has the
// effect of an event of the caller that was scheduled for the instant and happened next.
func (e *Engine) skip(to time.Duration) bool {
	if first, _ := e.first(); first.at <= to || to >= e.end {
		return false
	}
	e.now = to
	e.events++
	return true
}

// expire returns the event at the head of a delay, unless it was cancelled after it entered the heap.
func (e *Engine) expire(delay *Delay, first entry) (Event, bool) {
	event, due := noEvent, false
	if head := delay.at(delay.head); delay.head < delay.tail && head.key>>32 == first.key>>32 {
		event, due = head.event(), head.event() != noEvent
		delay.head++
	}
	e.wait(delay)
	return event, due
}

// renumber gives all pending events new sequence numbers in their order. This makes room for another 2^32 events.
func (e *Engine) renumber() {
	if e.heap.hole {
		e.heap.fill()
	}
	all := make([]*entry, 0, e.Pending())
	for i := range e.heap.size() {
		all = append(all, &e.heap.entries[root+i])
	}
	if e.heap.hasSoon() {
		all = append(all, &e.heap.soon)
	}
	for i := range e.rung.events[e.rung.next:] {
		all = append(all, &e.rung.events[e.rung.next+i])
	}
	all = e.far.all(all)
	for _, delay := range e.delays {
		for place := delay.head; place < delay.tail; place++ {
			all = append(all, delay.at(place))
		}
	}
	slices.SortStableFunc(all, func(a, b *entry) int {
		switch {
		case a.at != b.at:
			return int(min(1, max(-1, a.at-b.at)))
		case a.key>>32 != b.key>>32:
			return int(int64(a.key>>32) - int64(b.key>>32))
		}
		return 0
	})
	e.sequence = 0
	before := uint64(0)
	for _, pending := range all {
		// A head and its entry in the heap continue to share a sequence.
		if own := pending.key >> 32; own != before || e.sequence == 0 {
			before = own
			e.sequence++
		}
		pending.key = e.sequence<<32 | pending.key&(1<<32-1)
	}
}
