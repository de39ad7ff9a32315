package sim

import (
	"slices"
	"time"
)

// Engine is a clock that jumps from event to event: integer nanoseconds, events of one instant in
// the order in which they were scheduled. It starts no goroutine and, once its tables have grown,
// allocates nothing.
//
// The time never goes back: what is scheduled for the past happens now.
type Engine struct {
	now      time.Duration
	end      time.Duration // of the present [Engine.NextBefore]
	sequence uint64
	events   uint64
	heap     heap
	far      far
	rung     rung
	delays   []*Delay
	revocables
}

// NewEngine returns an engine at time 0 with nothing to do.
func NewEngine() *Engine {
	e := new(Engine)
	e.Reset()
	return e
}

// Reset makes the engine as new, but for the memory that it keeps.
func (e *Engine) Reset() {
	*e = Engine{heap: e.heap.emptied(), far: e.far.emptied(), rung: e.rung.emptied(), revocables: e.revocables.emptied()}
}

// Now returns the time since the start.
func (e *Engine) Now() time.Duration { return e.now }

// Events returns how many events have happened.
func (e *Engine) Events() uint64 { return e.events }

// Pending returns how many events are scheduled, those revoked and not yet due included, and each
// [Delay] in use counted once.
func (e *Engine) Pending() int { return e.heap.len() + e.rung.len() + e.far.count }

// At schedules an event.
func (e *Engine) At(at time.Duration, event Event) {
	e.push(newEntry(max(at, e.now), e.ordinal(), event))
}

// After schedules an event that far from now.
func (e *Engine) After(delay time.Duration, event Event) { e.At(e.now+delay, event) }

// ordinal returns the number of the next event to be scheduled.
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

// ownDelay returns a queue that nobody else gets who asks for one of the length.
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

// moment is a place in the order in which events are scheduled.
type moment struct {
	at       time.Duration
	sequence uint64
}

func (e *Engine) moment() moment { return moment{e.now, e.ordinal()} }

// armSince does now what Arm would have done at a moment since which no event happened, and nothing
// was armed with this delay.
func (e *Engine) armSince(began moment, delay *Delay, event Event) Alarm {
	alarm := delay.push(newEntry(began.at+delay.length, began.sequence, event))
	if !delay.waiting {
		e.wait(delay)
	}
	return alarm
}

// Disarm cancels an event of a delay and says whether it was still to come.
func (e *Engine) Disarm(delay *Delay, alarm Alarm) bool { return delay.cancel(alarm) }

// wait enters the head of a delay into the heap under the head's own time and sequence.
func (e *Engine) wait(delay *Delay) {
	delay.waiting = delay.skip()
	if delay.waiting {
		head := delay.at(delay.head)
		e.push(newEntry(head.at, head.key>>32, NewEvent(delayKind, delay.number)))
	}
}

// Next moves the clock to the next event and returns it; false when nothing is left.
func (e *Engine) Next() (Event, bool) { return e.NextBefore(never) }

// NextBefore is Next for events before an instant; false when none is left.
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

// Peek returns the instant at which something may happen next: not later than the next event.
func (e *Engine) Peek() (time.Duration, bool) {
	first, _ := e.first()
	return first.at, first != neverDue
}

// Advance moves the clock on to an instant before which nothing is due.
func (e *Engine) Advance(to time.Duration) { e.now = max(e.now, to) }

// skip makes an event of the present one's own happen at once, and says whether it could: where nothing
// else is due up to the instant, the clock moves on to it, as if it had been scheduled and come next.
func (e *Engine) skip(to time.Duration) bool {
	if first, _ := e.first(); first.at <= to || to >= e.end {
		return false
	}
	e.now = to
	e.events++
	return true
}

// expire returns the event at the head of a delay, unless it was cancelled since it entered the heap.
func (e *Engine) expire(delay *Delay, first entry) (Event, bool) {
	event, due := noEvent, false
	if head := delay.at(delay.head); delay.head < delay.tail && head.key>>32 == first.key>>32 {
		event, due = head.event(), head.event() != noEvent
		delay.head++
	}
	e.wait(delay)
	return event, due
}

// renumber gives all pending events new sequences in their order, which makes room for another four
// thousand million.
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
		// A head and its entry in the heap share a sequence, and keep sharing one.
		if own := pending.key >> 32; own != before || e.sequence == 0 {
			before = own
			e.sequence++
		}
		pending.key = e.sequence<<32 | pending.key&(1<<32-1)
	}
}
