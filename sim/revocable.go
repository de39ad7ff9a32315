package sim

import "time"

// Handle identifies a revocable event by its index in a table and the generation of that index. A stale Handle
// revokes nothing. The zero Handle identifies no event.
type Handle struct {
	place      int32
	generation uint32
}

// revocables are events of any delay that can be revoked. Each keeps its index until the heap reaches it.
type revocables struct {
	event      []Event
	generation []uint32 // odd while the index is in use
	free       []int32
}

// emptied returns an empty table that reuses this one's memory.
func (r *revocables) emptied() revocables {
	return revocables{r.event[:0], r.generation[:0], r.free[:0]}
}

// Schedule schedules an event that [Engine.Revoke] can cancel.
func (e *Engine) Schedule(at time.Duration, event Event) Handle {
	return e.scheduleSince(moment{max(at, e.now), e.ordinal()}, 0, event)
}

// scheduleSince has the effect of a Schedule at an earlier moment. No event may have happened since.
func (e *Engine) scheduleSince(began moment, delay time.Duration, event Event) Handle {
	var place int32
	if n := len(e.free); n > 0 {
		place, e.free = e.free[n-1], e.free[:n-1]
	} else {
		place = int32(len(e.event))
		e.event, e.generation = append(e.event, 0), append(e.generation, 0)
	}
	e.event[place] = event
	e.generation[place]++
	e.push(newEntry(began.at+delay, began.sequence, NewEvent(revocable, place)))
	return Handle{place, e.generation[place]}
}

// Revoke cancels an event and reports whether it was pending.
func (e *Engine) Revoke(handle Handle) bool {
	if handle.generation&1 == 0 || e.generation[handle.place] != handle.generation || e.event[handle.place] == noEvent {
		return false
	}
	e.event[handle.place] = noEvent
	return true
}

// settle frees an index and returns its event, unless it was revoked.
func (e *Engine) settle(place int32) (Event, bool) {
	event := e.event[place]
	e.generation[place]++
	e.free = append(e.free, place)
	return event, event != noEvent
}
