package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// JobKind identifies the work that a job asks for.
type JobKind int

// The kinds, as stored in the database.
const (
	JobMail         JobKind = iota // send the link that proves an address
	JobSMS                         // send the code that proves a phone
	JobVerification                // verify an identity with the registry
)

// Job is outside work for a person. It is stored in the transaction that makes it necessary.
type Job struct {
	ID          int64 // increases with the time of creation
	Person      int64
	Attempts    int    // attempts made so far
	Payload     []byte // the identity to verify
	Email, Name string // empty if the person has been erased
	Phone       string
	LinkNonce   []byte
	OTPNonce    []byte
}

// LongestPause is how far ahead of now a job may be due. A job due later was stamped while the clock was ahead, so it
// is due at once.
const LongestPause = 30 * time.Minute

// JobState is the state of a job.
type JobState int

// The states, as stored in the database.
const (
	JobPending JobState = iota // to be run, or run again
	JobDone
	JobDead // given up
)

// Settlement is the outcome of a job, to be recorded.
type Settlement struct {
	Job      int64
	State    JobState
	Attempts int
	Due      time.Time // time of the next attempt, if pending
}

type lease struct {
	kind  JobKind
	at    time.Time
	until time.Time
	limit int
	jobs  []Job
}

// LeaseJobs leases up to limit due jobs. No other caller gets them until the lease ends, so that a worker that
// dies delays its jobs by at most the lease.
func (s *Store) LeaseJobs(kind JobKind, at, until time.Time, limit int) ([]Job, error) {
	op := &lease{kind: kind, at: at, until: until, limit: limit}
	if err := s.do(op); err != nil {
		return nil, err
	}
	for i := range op.jobs {
		job := &op.jobs[i]
		if len(job.Payload) == 0 {
			continue
		}
		var err error
		if job.Payload, err = s.sealer.open("question", job.Person, job.Payload); err != nil {
			return nil, err
		}
	}
	return op.jobs, nil
}

func (o *lease) apply(e *engine) error {
	if _, err := e.exec(pullJobs, o.at.UnixMilli(), o.kind, o.at.Add(LongestPause).UnixMilli()); err != nil {
		return err
	}
	rows, err := e.query(leaseJobs, o.until.UnixMilli(), o.kind, o.at.UnixMilli(), o.limit)
	if err != nil {
		return err
	}
	type nullable struct {
		Job
		email, name, phone *string
	}
	leased, err := scanAll(rows, func(n *nullable) []any {
		return []any{&n.ID, &n.Person, &n.Attempts, &n.Payload, &n.email, &n.name, &n.phone, &n.LinkNonce, &n.OTPNonce}
	})
	if err != nil {
		return err
	}
	o.jobs = nil
	for _, n := range leased {
		if n.email != nil {
			n.Email, n.Name, n.Phone = *n.email, *n.name, *n.phone
		}
		o.jobs = append(o.jobs, n.Job)
	}
	slices.SortFunc(o.jobs, func(a, b Job) int { return cmp.Compare(a.ID, b.ID) })
	return nil
}

// PendingJobs returns the number of pending jobs of a kind and the time at which the first is due.
func (s *Store) PendingJobs(ctx context.Context, kind JobKind) (n int, due time.Time, err error) {
	var first int64
	if err := s.engine.read[pendingJobs].QueryRowContext(ctx, kind).Scan(&n, &first); err != nil {
		return 0, due, fmt.Errorf("%w: count the jobs: %w", ErrStorage, err)
	}
	return n, time.UnixMilli(first), nil
}

type settle struct {
	jobs []Settlement
	at   time.Time
}

// SettleJobs records the outcomes of jobs in one operation.
func (s *Store) SettleJobs(jobs []Settlement, at time.Time) error {
	return s.do(&settle{jobs, at})
}

func (o *settle) apply(e *engine) error {
	for _, j := range o.jobs {
		if _, err := e.exec(settleJob, int(j.State), j.Attempts, j.Due.UnixMilli(), o.at.UnixMilli(), j.Job, j.State == JobPending); err != nil {
			return err
		}
	}
	return nil
}
