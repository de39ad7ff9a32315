package mocks

// departures is a min-heap of the requests in service, ordered by the end of their service.
type departures []*Visit

func (h *departures) push(visit *Visit) {
	*h = append(*h, visit)
	s := *h
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if s[parent].End <= s[i].End {
			return
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
}

func (h *departures) pop() *Visit {
	s := *h
	first, last := s[0], len(s)-1
	s[0], s[last] = s[last], nil
	s = s[:last]
	*h = s
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if child+1 < last && s[child+1].End < s[child].End {
			child++
		}
		if s[i].End <= s[child].End {
			return first
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
}
