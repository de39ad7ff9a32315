package drill

import "time"

// beatDelay is how long after the end of a second its row is posted. The shards of the generator have told of it by then.
const beatDelay = 300 * time.Millisecond

// beat fires a little after the end of every second of a run.
type beat struct {
	*time.Timer
	next time.Time
}

func newBeat(began time.Time) *beat {
	next := began.Add(time.Second + beatDelay)
	return &beat{time.NewTimer(time.Until(next)), next}
}

// rest waits for the end of the next second. Seconds that were missed have no row of their own.
func (b *beat) rest(now time.Time) {
	for b.next = b.next.Add(time.Second); b.next.Before(now); {
		b.next = b.next.Add(time.Second)
	}
	b.Reset(time.Until(b.next))
}
