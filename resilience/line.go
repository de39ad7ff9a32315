package resilience

import (
	"sort"
	"time"
)

// line is a queue of tickets in rising order, stored in a growing ring. A ticket that leaves from the middle
// stays as a mark until the front reaches it or until more than half of the places are marks.
type line struct {
	ring  []place // its length is a power of two
	head  int     // index of the first place in ring
	count int     // places in use, marks included
	live  int     // places in use without marks; if there are any, neither the first nor the last place is a mark
}

// place is one ticket's place in a line.
type place struct {
	ticket Ticket
	since  time.Duration // time of arrival
	gone   bool
}

// at returns the i-th place, 0 being the first.
func (l *line) at(i int) *place { return &l.ring[(l.head+i)&(len(l.ring)-1)] }

// first returns the first place; the line must not be empty.
func (l *line) first() *place { return l.at(0) }

// push adds a ticket at the end.
func (l *line) push(ticket Ticket, since time.Duration) {
	if l.count == len(l.ring) {
		l.rebuild()
	}
	l.count++
	l.live++
	*l.at(l.count - 1) = place{ticket: ticket, since: since}
}

// pop takes the first ticket; the line must not be empty.
func (l *line) pop() Ticket {
	ticket := l.first().ticket
	l.first().gone = true
	l.live--
	l.skip()
	return ticket
}

// popLast takes the last ticket; the line must not be empty.
func (l *line) popLast() Ticket {
	last := l.at(l.count - 1)
	last.gone = true
	l.live--
	l.skip()
	return last.ticket
}

// remove removes a ticket at any place, and reports whether it was in the line.
func (l *line) remove(ticket Ticket) bool {
	i := sort.Search(l.count, func(i int) bool { return l.at(i).ticket >= ticket })
	if i == l.count || l.at(i).ticket != ticket || l.at(i).gone {
		return false
	}
	l.at(i).gone = true
	l.live--
	l.skip()
	return true
}

// skip removes the marks at both ends.
func (l *line) skip() {
	for l.count > 0 && l.at(l.count-1).gone {
		l.count--
	}
	for l.count > 0 && l.first().gone {
		l.head = (l.head + 1) & (len(l.ring) - 1)
		l.count--
	}
}

// rebuild makes room: it removes the marks, and doubles the ring if less than half of it were marks.
func (l *line) rebuild() {
	size := max(len(l.ring), 8)
	if 2*l.live > len(l.ring) {
		size = 2 * size
	}
	ring := make([]place, 0, size)
	for i := range l.count {
		if p := l.at(i); !p.gone {
			ring = append(ring, *p)
		}
	}
	l.count, l.head = len(ring), 0
	l.ring = ring[:size]
}
