package sim

import "time"

// far keeps events that are due much later, so that the heap fits in the processor's cache. With a million people
// who come back within an hour in the heap, each sift down would walk through main memory. far only sorts events
// into windows of about a second. When the clock reaches a window, its events move to the [rung], which orders
// them.
//
// far is the first rung of a ladder queue (Tang, Goh, Thng, "Ladder Queue", ACM TOMACS 15 (2005)), and rung is the
// second. Events scheduled for a window that is already open go to the heap, so the heap stays small.
type far struct {
	first  []chain // per window
	blocks []block
	free   chain // a list of blocks linked by next, all marked as full
	count  int
	opened int64 // windows before this one have been opened
}

// chain identifies the blocks of a window. It holds the number of the latest block, counted from 1, and in the
// last four bits the number of events in that block. The other blocks are full. The count is stored here because
// every event reads it and the block itself is seldom in the processor's cache. The zero chain is empty.
type chain uint32

const (
	blockSize = 15
	usedBits  = 4
)

// block holds events of one window: 256 bytes.
type block struct {
	entries [blockSize]entry
	next    chain
}

const (
	windowBits = 30      // a window lasts 2^30 ns
	windows    = 1 << 16 // about 19 hours; later events go to the heap at once
	smallHeap  = 1 << 10 // far is not used until the heap holds this many events
)

// emptied returns an empty far that reuses this one's memory.
func (f *far) emptied() far {
	clear(f.first)
	return far{first: f.first, blocks: f.blocks[:0]}
}

func windowOf(at time.Duration) int64 { return int64(at) >> windowBits }

// keeps stores an event if it is due late enough, and reports whether it did.
func (f *far) keeps(e entry) bool {
	window := windowOf(e.at)
	if window < f.opened || window >= f.opened+windows {
		return false
	}
	if f.first == nil {
		f.first = make([]chain, windows)
	}
	head := &f.first[window%windows]
	if used := *head & (1<<usedBits - 1); *head == 0 || used == blockSize {
		number := f.take()
		f.blocks[number-1].next = *head
		*head = chain(number) << usedBits
	}
	f.blocks[*head>>usedBits-1].entries[*head&(1<<usedBits-1)] = e
	*head++
	f.count++
	return true
}

// take returns the number of an empty block.
func (f *far) take() int {
	if f.free == 0 {
		f.blocks = append(f.blocks, block{})
		return len(f.blocks)
	}
	number := int(f.free >> usedBits)
	f.free = f.blocks[number-1].next
	return number
}

// open moves the next window with events to the rung. far must not be empty.
func (f *far) open(r *rung) {
	for {
		place := f.opened % windows
		f.opened++
		head := f.first[place]
		if head == 0 {
			continue
		}
		f.first[place] = 0
		for head != 0 {
			b, used := &f.blocks[head>>usedBits-1], int(head&(1<<usedBits-1))
			r.loose = append(r.loose, b.entries[:used]...)
			f.count -= used
			next := b.next
			b.next, f.free = f.free, head
			head = next
		}
		r.order()
		return
	}
}

// all appends all entries of far.
func (f *far) all(entries []*entry) []*entry {
	for _, head := range f.first {
		for ; head != 0; head = f.blocks[head>>usedBits-1].next {
			for i := range head & (1<<usedBits - 1) {
				entries = append(entries, &f.blocks[head>>usedBits-1].entries[i])
			}
		}
	}
	return entries
}

// push schedules an entry in the heap or in far.
func (e *Engine) push(entry entry) {
	if e.far.count > 0 || e.heap.len() >= smallHeap {
		if e.far.count == 0 {
			e.far.opened = max(e.far.opened, windowOf(e.now)+1)
		}
		if e.far.keeps(entry) {
			return
		}
	}
	e.heap.push(entry)
}

// bringNext opens the next window with events, unless the heap has an event that is due before it.
func (e *Engine) bringNext() {
	for e.far.count > 0 && e.rung.len() == 0 && (e.heap.len() == 0 || windowOf(e.heap.first().at) >= e.far.opened) {
		e.far.open(&e.rung)
	}
}

// first returns the entry that is due first, or neverDue if nothing is pending. It also reports whether the entry
// is on the rung.
func (e *Engine) first() (first entry, onRung bool) {
	if e.rung.len() == 0 {
		if e.far.count == 0 {
			return e.heap.first(), false
		}
		e.bringNext()
	}
	first = e.heap.first()
	if e.rung.len() > 0 && e.rung.events[e.rung.next].before(first) {
		return e.rung.events[e.rung.next], true
	}
	return first, false
}

// take removes the entry that first returned.
func (e *Engine) take(onRung bool) {
	if onRung {
		e.rung.next++
		return
	}
	e.heap.take()
}

// come returns the events of the window that was opened last, once per window. A model can prefetch the memory of
// their subjects together, instead of waiting for main memory at each event.
func (e *Engine) come() []entry {
	if e.rung.told {
		return nil
	}
	e.rung.told = true
	return e.rung.events
}
