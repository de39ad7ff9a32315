package fleet

// inbox hands on the envelopes of one incarnation of a part, in order and each exactly once, however often and in whatever
// order they come. One goroutine at a time may use it.
type inbox struct {
	run, incarnation string
	part             int
	next             uint64 // number of the first envelope that is missing
	held             map[uint64]Envelope
	heldBytes        int
	assembly         assembly
	taken, repeated  uint64
}

// What comes before its turn is held up to these limits. What is beyond comes again.
const (
	mostHeld      = 4096
	mostHeldBytes = 64 << 20
)

func newInbox(run string, part int, incarnation string) *inbox {
	return &inbox{run: run, part: part, incarnation: incarnation, next: 1, held: map[uint64]Envelope{}}
}

// take adds a chunk as it came over the network. It hands on what is whole and has its turn, and reports whether the sender
// should be told what is missing.
func (b *inbox) take(text []byte, hand func(Envelope)) (answer bool) {
	chunk, err := decode(text)
	if err != nil || chunk.Run != b.run || chunk.Part != b.part || chunk.Incarnation != b.incarnation {
		return false // not ours
	}
	if chunk.Seq < b.next {
		if chunk.Offset+len(chunk.Message) == chunk.Size {
			b.repeated++
		}
		return true
	}
	whole, done, err := b.assembly.add(chunk)
	if err != nil {
		return true // it was damaged on its way, and comes again
	}
	if !done {
		return false
	}
	b.hold(whole)
	for {
		e, here := b.held[b.next]
		if !here {
			return true
		}
		delete(b.held, b.next)
		b.heldBytes -= len(e.Message)
		b.next++
		b.taken++
		hand(e)
	}
}

// hold keeps an envelope until its turn comes.
func (b *inbox) hold(e Envelope) {
	if _, twice := b.held[e.Seq]; twice {
		b.repeated++
		return
	}
	if e.Seq != b.next && (len(b.held) >= mostHeld || b.heldBytes+len(e.Message) > mostHeldBytes) {
		return
	}
	b.held[e.Seq] = e
	b.heldBytes += len(e.Message)
}
