package sim

import "time"

// far keeps events that are due much later, so that the heap stays small enough for the processor's
// cache: a million people who come back in an hour would make each way down the heap a walk through
// main memory. It sorts by whole windows of about a second only; when the clock comes to a window,
// its events move to the [rung], which puts them in order.
//
// It is the first rung of a ladder queue (Tang, Goh, Thng, "Ladder Queue", ACM TOMACS 15 (2005)), the
// rung the second; what is scheduled for a window that has come goes to the heap, which hence is small.
type far struct {
	first  []chain // per window
	blocks []block
	free   chain // a list of blocks through next, as if all were full
	count  int
	opened int64 // windows before this one have come
}

// chain names the blocks of a window: the number of the latest, counted from 1, and in the last four
// bits how many events that one holds; the others are full. The count stands here because it is read
// at every event, and the block itself is seldom in the processor's cache. 0 is none.
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
	windows    = 1 << 16 // about 19 hours; what is due later goes to the heap at once
	smallHeap  = 1 << 10 // nothing is kept far before the heap holds so many
)

// emptied returns a far without events, in the memory of this one.
func (f *far) emptied() far {
	clear(f.first)
	return far{first: f.first, blocks: f.blocks[:0]}
}

func windowOf(at time.Duration) int64 { return int64(at) >> windowBits }

// keeps takes an event that is due late enough and says whether it did.
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

// open moves the next window that holds anything to the rung; something must be far.
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

// all appends every event that is far.
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

// push schedules an entry near or far.
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

// bringNext opens the next window that holds anything unless something in the heap is due before it.
func (e *Engine) bringNext() {
	for e.far.count > 0 && e.rung.len() == 0 && (e.heap.len() == 0 || windowOf(e.heap.first().at) >= e.far.opened) {
		e.far.open(&e.rung)
	}
}

// first returns what is due first, neverDue where nothing is pending, and whether it is on the rung.
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

// take takes what first returned.
func (e *Engine) take(onRung bool) {
	if onRung {
		e.rung.next++
		return
	}
	e.heap.take()
}

// come returns the events of the window that has lately come near, once: a model may load what they
// will touch all at once, instead of waiting for main memory at each one.
func (e *Engine) come() []entry {
	if e.rung.told {
		return nil
	}
	e.rung.told = true
	return e.rung.events
}
