package sim

// heap is an implicit 4-ary min-heap of entries. Its root stands at index 3, so that the four
// children of a node, 4i−8 to 4i−5, share one cache line.
//
// Taking the least leaves a hole at the root: most events schedule another one, and putting that
// into the hole costs one way down instead of one down and one up.
//
// Note: a pairing heap, a ladder queue and a calendar queue were rejected. The first two chase
// pointers, the third needs event times that keep their spacing, which a surge does not.
type heap struct {
	entries []entry // the first three are unused
	hole    bool    // the root has been taken
}

const root = 3

func newHeap() heap { return heap{entries: make([]entry, root, 64)} }

func (h *heap) len() int {
	n := len(h.entries) - root
	if h.hole {
		n--
	}
	return n
}

// push adds an entry.
func (h *heap) push(e entry) {
	if h.hole {
		h.hole = false
		h.down(e)
		return
	}
	h.entries = append(h.entries, e)
	entries := h.entries
	i := len(entries) - 1
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

// first returns the least entry; there must be one.
func (h *heap) first() entry {
	h.fill()
	return h.entries[root]
}

// take returns the least entry and leaves the hole; there must be one.
func (h *heap) take() entry {
	h.fill()
	h.hole = true
	return h.entries[root]
}

// fill closes the hole with the last entry.
func (h *heap) fill() {
	if !h.hole {
		return
	}
	h.hole = false
	last := len(h.entries) - 1
	e := h.entries[last]
	h.entries = h.entries[:last]
	if last > root {
		h.down(e)
	}
}

// down puts an entry at the root and lets it sink.
func (h *heap) down(e entry) {
	entries := h.entries
	n := len(entries)
	i := root
	for {
		child := i<<2 - 8
		if child+3 >= n {
			break
		}
		four := entries[child : child+4 : child+4]
		// The winner of two pairs, without branches: which child is least is not predictable.
		a := int(four[1].borrow(four[0]))
		b := 2 + int(four[3].borrow(four[2]))
		least := a + int(four[b&3].borrow(four[a&3]))*(b-a)
		if !four[least&3].before(e) {
			entries[i] = e
			return
		}
		entries[i] = four[least&3]
		i = child + least
	}
	h.lastDown(e, i)
}

// lastDown finishes a way down where a node has fewer than four children.
func (h *heap) lastDown(e entry, i int) {
	entries := h.entries
	least := i<<2 - 8
	if least >= len(entries) {
		entries[i] = e
		return
	}
	for child := least + 1; child < len(entries); child++ {
		if entries[child].before(entries[least]) {
			least = child
		}
	}
	if entries[least].before(e) {
		entries[i] = entries[least]
		i = least
	}
	entries[i] = e
}
