package loadgen

import "time"

// timer is the next action of one walk.
type timer struct {
	at       time.Duration
	sequence uint64 // orders timers of one instant by creation
	slot     int32
}

// timers is a binary min-heap by (at, sequence). A walk has at most one timer or one request in flight, so timers are
// never cancelled.
type timers struct {
	heap []timer
	made uint64
}

func (t *timers) push(at time.Duration, slot int32) {
	t.made++
	t.pushTimer(timer{at, t.made, slot})
}

func (t *timers) pushTimer(entry timer) {
	t.heap = append(t.heap, entry)
	for i := len(t.heap) - 1; i > 0; {
		above := (i - 1) / 2
		if !t.heap[i].before(t.heap[above]) {
			break
		}
		t.heap[i], t.heap[above] = t.heap[above], t.heap[i]
		i = above
	}
}

// first returns the earliest instant.
func (t *timers) first() (time.Duration, bool) {
	if len(t.heap) == 0 {
		return 0, false
	}
	return t.heap[0].at, true
}

func (t *timers) pop() int32 { return t.popTimer().slot }

func (t *timers) popTimer() timer {
	first, last := t.heap[0], len(t.heap)-1
	t.heap[0] = t.heap[last]
	t.heap = t.heap[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if t.heap[child].before(t.heap[least]) {
				least = child
			}
		}
		if least == i {
			return first
		}
		t.heap[i], t.heap[least] = t.heap[least], t.heap[i]
		i = least
	}
}

func (t timer) before(other timer) bool {
	return t.at < other.at || t.at == other.at && t.sequence < other.sequence
}
