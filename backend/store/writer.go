package store

import (
	"errors"
	"fmt"
	"time"
)

// operation is one change of the database. Apply may run more than once, each time on a transaction
// that has nothing of it yet; a Refusal must come before the first change.
type operation interface {
	apply(*engine) error
}

// request is an operation and the caller who waits for it.
type request struct {
	operation operation
	err       error
	done      chan struct{}
}

// do hands an operation to the writer and waits until it is on the disk.
func (s *Store) do(op operation) error {
	r := &request{operation: op, done: make(chan struct{})}
	select {
	case s.requests <- r:
		<-r.done
		return r.err
	case <-s.closing:
		return ErrClosed
	}
}

// write is the writer: it gathers what waits and commits it, until the store is closed.
func (s *Store) write() {
	defer close(s.done)
	batch := make([]*request, 0, s.rows)
	for {
		select {
		case r := <-s.requests:
			batch = s.gather(append(batch[:0], r))
			s.commit(batch)
		case <-s.closing:
			return
		}
	}
}

// gather fills the batch with those who wait, and with those who come while the first is younger
// than MaxAge.
func (s *Store) gather(batch []*request) []*request {
	var late <-chan time.Time
	if s.maxAge > 0 {
		timer := time.NewTimer(s.maxAge)
		defer timer.Stop()
		late = timer.C
	}
	for len(batch) < s.rows {
		select {
		case r := <-s.requests:
			batch = append(batch, r)
			continue
		default:
		}
		if late == nil {
			return batch
		}
		select {
		case r := <-s.requests:
			batch = append(batch, r)
		case <-late:
			return batch
		}
	}
	return batch
}

// commit writes a batch in one transaction and answers everyone. An operation that breaks is
// answered alone and the others are written without it; a broken disk fails them all.
func (s *Store) commit(batch []*request) {
	for len(batch) > 0 {
		began := time.Now()
		broken, err := s.engine.transact(batch)
		if err == nil {
			s.counters.add(len(batch), time.Since(began), s.engine.commitTime)
			answer(batch, nil)
			return
		}
		s.counters.failures.Add(1)
		if broken < 0 {
			answer(batch, fmt.Errorf("%w: %w", ErrStorage, err))
			return
		}
		answer(batch[broken:broken+1], err)
		batch = append(batch[:broken], batch[broken+1:]...)
	}
}

// answer tells the callers how it ended; err, if any, stands above what the operations said.
func answer(batch []*request, err error) {
	for _, r := range batch {
		if err != nil {
			r.err = err
		}
		close(r.done)
	}
}

// run applies one operation and keeps a refusal for its caller; any other error is returned.
func (r *request) run(e *engine) error {
	r.err = r.operation.apply(e)
	var refusal Refusal
	if errors.As(r.err, &refusal) {
		return nil
	}
	return r.err
}
