package mocks

// line is a first-in, first-out sequence.
type line[T any] struct {
	items []T
	head  int
}

func (l *line[T]) len() int { return len(l.items) - l.head }

func (l *line[T]) push(item T) {
	if l.head > len(l.items)/2 && l.head >= 64 {
		l.items = l.items[:copy(l.items, l.items[l.head:])]
		l.head = 0
	}
	l.items = append(l.items, item)
}

func (l *line[T]) pop() T {
	item := l.items[l.head]
	l.head++
	return item
}

// keep removes the items that are not wanted.
func (l *line[T]) keep(wanted func(T) bool) {
	kept := l.items[:0]
	for _, item := range l.items[l.head:] {
		if wanted(item) {
			kept = append(kept, item)
		}
	}
	l.items, l.head = kept, 0
}
