package sim

import "time"

// far keeps events that are due much later, so that the heap stays small enough for the processor's
// cache: a million people who come back in an hour would make each way down the heap a walk through
// main memory. It sorts by whole windows of about a second only; when the clock comes to a window,
// its events move to the heap, which puts them in order.
//
// It is the first rung of a ladder queue (Tang, Goh, Thng, "Ladder Queue", ACM TOMACS 15 (2005)) with
// the heap as its bottom.
type far struct {
	first  []chain // per window
	blocks []block
	free   chain // a list of blocks through next, as if all were full
	count  int
	opened int64   // windows before this one are in the heap
	moved  []Event // to the heap, since [Engine.Moved] was last called
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
	smallHeap  = 1 << 10 // below so many entries nothing is kept far
)

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

// open moves the next window that holds anything to the heap; something must be far.
func (f *far) open(h *heap) {
	for {
		place := f.opened % windows
		f.opened++
		head := f.first[place]
		if head == 0 {
			continue
		}
		f.first[place] = 0
		f.moved = f.moved[:0]
		for head != 0 {
			b, used := &f.blocks[head>>usedBits-1], int(head&(1<<usedBits-1))
			for _, e := range b.entries[:used] {
				h.push(e)
				f.moved = append(f.moved, e.event())
			}
			f.count -= used
			next := b.next
			b.next, f.free = f.free, head
			head = next
		}
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
	if e.heap.len() >= smallHeap {
		if e.far.count == 0 {
			e.far.opened = max(e.far.opened, windowOf(e.now)+1)
		}
		if e.far.keeps(entry) {
			return
		}
	}
	e.heap.push(entry)
}

// bring makes sure that the heap holds whatever is due first, and says whether anything is pending.
func (e *Engine) bring() bool {
	for e.far.count > 0 && (e.heap.len() == 0 || windowOf(e.heap.first().at) >= e.far.opened) {
		e.far.open(&e.heap)
	}
	return e.heap.len() > 0
}

// Moved returns the events that have lately come near, and forgets them: a model may load what they
// will touch all at once, instead of waiting for main memory at each one. The slice is valid until
// the engine is used again.
func (e *Engine) Moved() []Event {
	moved := e.far.moved
	e.far.moved = moved[:0]
	return moved
}
