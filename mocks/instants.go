package mocks

import "time"

// instants is a min-heap of instants.
type instants []time.Duration

func (h *instants) push(at time.Duration) {
	*h = append(*h, at)
	s := *h
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if s[parent] <= s[i] {
			return
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
}

func (h *instants) pop() time.Duration {
	s := *h
	first, last := s[0], len(s)-1
	s[0] = s[last]
	*h = s[:last]
	h.sink()
	return first
}

// replace puts at in the place of the earliest instant.
func (h *instants) replace(at time.Duration) {
	(*h)[0] = at
	h.sink()
}

func (h *instants) sink() {
	s := *h
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(s) {
			return
		}
		if child+1 < len(s) && s[child+1] < s[child] {
			child++
		}
		if s[i] <= s[child] {
			return
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
}
