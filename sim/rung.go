package sim

import (
	"cmp"
	"math/bits"
	"slices"
)

// rung holds the events of an opened window of [far], in order.
type rung struct {
	events []entry
	next   int     // index of the event that is due first
	loose  []entry // not ordered yet
	ends   []int32 // of the parts of the window
	told   bool    // come has returned the events
}

// emptied returns an empty rung that reuses this one's memory.
func (r *rung) emptied() rung {
	return rung{events: r.events[:0], loose: r.loose[:0], ends: r.ends[:0]}
}

func (r *rung) len() int { return len(r.events) - r.next }

// order orders the loose entries: first into parts of the window with about one event each, then within the parts.
// The rung must be empty.
func (r *rung) order() {
	width := bits.Len(uint(len(r.loose)))
	shift, mask := windowBits-min(width, windowBits), uint64(1)<<windowBits-1
	r.ends = slices.Grow(r.ends[:0], 1<<width)[:1<<width]
	clear(r.ends)
	for _, e := range r.loose {
		r.ends[uint64(e.at)&mask>>shift]++
	}
	sum := int32(0)
	for part, count := range r.ends {
		r.ends[part] = sum
		sum += count
	}
	r.events, r.next, r.told = slices.Grow(r.events[:0], len(r.loose))[:len(r.loose)], 0, false
	for _, e := range r.loose {
		place := &r.ends[uint64(e.at)&mask>>shift]
		r.events[*place] = e
		*place++
	}
	r.loose = r.loose[:0]
	start := int32(0)
	for _, end := range r.ends {
		if end-start > 1 {
			sortPart(r.events[start:end])
		}
		start = end
	}
}

// sortPart uses insertion sort for a few events, and a general sort for many events at one instant.
func sortPart(events []entry) {
	if len(events) > 12 {
		slices.SortFunc(events, entry.compare)
		return
	}
	for i := 1; i < len(events); i++ {
		e, k := events[i], i
		for ; k > 0 && e.before(events[k-1]); k-- {
			events[k] = events[k-1]
		}
		events[k] = e
	}
}

func (e entry) compare(other entry) int {
	return cmp.Or(cmp.Compare(e.at, other.at), cmp.Compare(e.key, other.key))
}
