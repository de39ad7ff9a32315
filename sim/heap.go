package sim

import "slices"

// heap is an implicit 4-ary min-heap of entries. Its root is at index 3, so the four children of a node, 4i−8 to
// 4i−5, share one cache line.
//
// Taking the minimum leaves a hole at the root. Most events schedule another one, and filling the hole with it
// costs one sift down instead of a sift down and a sift up. An entry that is due before all others when it is
// pushed is kept beside the heap. It is usually also the next entry to be taken, such as the end of a short
// service, and then needs no sift.
//
// Note: a pairing heap, a ladder queue and a calendar queue were rejected. The first two chase pointers. The third
// needs event times with stable spacing, which a surge does not have.
type heap struct {
	entries []entry // the first three are unused and the last three are never due, so a node has four children or none
	hole    bool    // the root has been taken
	soon    entry   // due before all entries; neverDue if there is none
}

const (
	root = 3
	ends = 3
)

// neverDue comes after every entry.
var neverDue = entry{at: never, key: 1<<64 - 1}

// emptied returns a heap without entries, in the memory of this one.
func (h *heap) emptied() heap {
	entries := slices.Grow(h.entries[:0], 64)[:root]
	return heap{entries: append(entries, neverDue, neverDue, neverDue), soon: neverDue}
}

// size returns the number of entries, including the hole.
func (h *heap) size() int { return len(h.entries) - root - ends }

func (h *heap) len() int {
	count := h.size()
	if h.hole {
		count--
	}
	if h.hasSoon() {
		count++
	}
	return count
}

func (h *heap) hasSoon() bool { return h.soon.key != neverDue.key }

// push adds an entry.
func (h *heap) push(e entry) {
	switch {
	case h.hasSoon() && e.before(h.soon):
		e, h.soon = h.soon, e
	case !h.hasSoon() && !h.hole && e.before(h.entries[root]):
		h.soon = e
		return
	}
	h.insert(e)
}

// insert puts an entry in its place in the heap.
func (h *heap) insert(e entry) {
	if h.hole {
		h.hole = false
		h.down(e)
		return
	}
	i := root + h.size()
	h.entries = append(h.entries, neverDue)
	entries := h.entries
	for i > root {
		above := i>>2 + 2
		if !e.before(entries[above]) {
			break
		}
		entries[i] = entries[above]
		i = above
	}
	entries[i] = e
}

// first returns the minimum, or neverDue if the heap is empty.
func (h *heap) first() entry {
	if h.hasSoon() {
		return h.soon
	}
	if h.hole {
		h.fill()
	}
	return h.entries[root]
}

// take removes the entry that first returned. If it was the root, it leaves a hole.
func (h *heap) take() {
	if h.hasSoon() {
		h.soon = neverDue
		return
	}
	h.hole = true
}

// fill fills the hole with the last entry.
func (h *heap) fill() {
	h.hole = false
	last := root + h.size() - 1
	e := h.entries[last]
	h.entries[last] = neverDue
	h.entries = h.entries[:len(h.entries)-1]
	if last > root {
		h.down(e)
	}
}

// down puts an entry at the root and sifts it down.
func (h *heap) down(e entry) {
	entries := h.entries
	i := root
	for child := i<<2 - 8; child+ends < len(entries); child = i<<2 - 8 {
		four := entries[child : child+4 : child+4]
		// The winner of two pairs, without branches: the processor cannot predict which child is the minimum.
		a := int(four[1].borrow(four[0]))
		b := 2 + int(four[3].borrow(four[2]))
		least := a + int(four[b&3].borrow(four[a&3]))*(b-a)
		if !four[least&3].before(e) {
			break
		}
		entries[i] = four[least&3]
		i = child + least
	}
	entries[i] = e
}
