package mocks

// waiting is the queue of requests in the order of arrival. A request may leave from any position.
type waiting struct {
	oldest, newest *Visit
	count          int
}

func (w *waiting) push(visit *Visit) {
	visit.older, visit.newer = w.newest, nil
	if w.newest == nil {
		w.oldest = visit
	} else {
		w.newest.newer = visit
	}
	w.newest = visit
	w.count++
}

func (w *waiting) remove(visit *Visit) {
	if visit.older == nil {
		w.oldest = visit.newer
	} else {
		visit.older.newer = visit.newer
	}
	if visit.newer == nil {
		w.newest = visit.older
	} else {
		visit.newer.older = visit.older
	}
	visit.older, visit.newer = nil, nil
	w.count--
}
