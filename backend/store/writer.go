package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// operation is one change of the database. Apply may run more than once, each time in a transaction without its
// earlier changes. A Refusal must come before the first change.
type operation interface {
	apply(*engine) error
}

// request is an operation and its waiting caller.
type request struct {
	operation operation
	err       error
	done      chan struct{}
	together  bool // written in one statement with others of its kind
	alone     bool // must not be written together with others
}

// do passes an operation to the writer and waits until it is on disk.
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

// write is the writer's loop. It gathers waiting operations and commits them until the store is closed.
func (s *Store) write() {
	defer close(s.done)
	batch := make([]*request, 0, s.rows)
	for {
		select {
		case r := <-s.requests:
			batch = s.gather(append(batch[:0], r))
			s.commit(batch)
			s.engine.answered(len(batch))
		case <-s.closing:
			return
		}
	}
}

// gather fills the batch with waiting requests, and with those that arrive while the first is younger than
// MaxAge.
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

// writeAsync is the writer's loop in mode Async. An operation is answered as soon as it has run. Its
// transaction ends later; if that fails, answered operations are lost.
func (s *Store) writeAsync() {
	defer close(s.done)
	for {
		select {
		case r := <-s.requests:
			rows, err := s.answerEarly(r)
			if err == nil {
				err = s.engine.commit(context.Background())
			}
			if err == nil {
				s.committed(rows, s.engine.commitTime)
				s.engine.answered(rows)
				continue
			}
			s.counters.failed(err)
			if s.engine.judge(err) == blameLost {
				s.engine.disconnect()
			}
		case <-s.closing:
			return
		}
	}
}

// answerEarly runs operations in one transaction and answers each at once, until the transaction is old or
// large enough. It returns the number of operations.
func (s *Store) answerEarly(r *request) (rows int, err error) {
	late := time.NewTimer(asyncAge)
	defer late.Stop()
	if err := s.engine.beginTransaction(context.Background()); err != nil {
		answer([]*request{r}, fmt.Errorf("%w: %w", ErrStorage, err))
		return 0, err
	}
	for {
		if err := r.run(s.engine); err != nil {
			s.engine.rollback(context.Background())
			answer([]*request{r}, err)
			return rows, err
		}
		answer([]*request{r}, nil)
		if rows++; rows == asyncRows {
			return rows, nil
		}
		select {
		case r = <-s.requests:
		case <-late.C:
			return rows, nil
		case <-s.closing:
			return rows, nil
		}
	}
}

// commit writes a batch in one transaction and answers every request. If one operation fails, only it is
// refused and the others are written without it. A broken disk fails them all.
func (s *Store) commit(batch []*request) {
	inLockOrder(batch)
	for len(batch) > 0 {
		began := time.Now()
		broken, err := s.engine.transact(batch)
		if err == nil {
			s.committed(len(batch), time.Since(began))
			answer(batch, nil)
			return
		}
		s.counters.failed(err)
		if broken < 0 {
			answer(batch, fmt.Errorf("%w: %w", ErrStorage, err))
			return
		}
		answer(batch[broken:broken+1], err)
		batch = append(batch[:broken], batch[broken+1:]...)
	}
}

// committed counts a transaction.
func (s *Store) committed(rows int, busy time.Duration) {
	s.counters.add(rows, busy, s.engine.commitTime)
	if s.observe != nil {
		s.observe(rows, s.engine.commitTime)
	}
}

// answer sends the callers their results. A non-nil err overrides the results of the operations.
func answer(batch []*request, err error) {
	for _, r := range batch {
		if err != nil {
			r.err = err
		}
		close(r.done)
	}
}

// run applies one operation and stores a refusal for its caller. It returns any other error.
func (r *request) run(e *engine) error {
	r.err = r.operation.apply(e)
	var refusal Refusal
	if errors.As(r.err, &refusal) {
		return nil
	}
	return r.err
}
