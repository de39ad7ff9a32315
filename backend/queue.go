package backend

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// handsFull is how many jobs each worker's share of a lease is, and settleAtOnce how many outcomes are
// noted together: both cost a transaction, whose time is little beside that of so many mails.
const (
	handsFull    = 512
	settleAtOnce = 2048
)

// lookAgain is when a queue looks for jobs that nobody told it of: those of replicas that died.
const lookAgain = time.Second

// gatherJobs is how long a queue that was roused lets more jobs come: each lease is a transaction, and mails that
// go out together cost less.
const gatherJobs = 50 * time.Millisecond

// jobLease is how long a job may be in hand; whoever dies with it delays it by no more.
const jobLease = time.Minute

// retries says when a job is tried again, and how often.
type retries struct {
	backoff, backoffMax time.Duration // before the second attempt, doubled before each further one up to the most
	attempts            int           // after so many a job is dead
}

// pause returns how long to wait after so many attempts.
func (r retries) pause(attempts int) time.Duration {
	pause := r.backoff
	for range attempts - 1 {
		if pause *= 2; pause >= r.backoffMax {
			return r.backoffMax
		}
	}
	return pause
}

// next tells what becomes of a job after an attempt that may be repeated.
func (r retries) next(attempts int) store.JobState {
	if attempts < r.attempts {
		return store.JobPending
	}
	return store.JobDead
}

// outcome is what has become of an attempt.
type outcome struct {
	job   store.Job
	state store.JobState
	pause time.Duration // before the next attempt, when pending
}

// worker does jobs.
type worker interface {
	attempt(ctx context.Context, jobs []store.Job) []outcome // one for each
	quit()
}

// queue does the jobs of one kind that the store holds. Several queues may work on one store: who has
// which job in hand is a lease in the database, and a job whose outcome was not noted is done twice.
type queue struct {
	kind    store.JobKind
	name    string
	store   *store.Store
	log     *slog.Logger
	workers int
	hand    int // most jobs that a worker takes at once; 0 means one
	hire    func() worker
	wake    chan struct{} // one place: there may be something to do
	depth   atomic.Int64
	done    atomic.Uint64
	again   atomic.Uint64
	dead    atomic.Uint64
}

// newQueue returns a queue that knows how much waits in it.
func newQueue(ctx context.Context, kind store.JobKind, name string, s *store.Store, log *slog.Logger) (*queue, error) {
	q := &queue{kind: kind, name: name, store: s, log: log, wake: make(chan struct{}, 1)}
	pending, _, err := s.PendingJobs(ctx, kind)
	q.depth.Store(int64(pending))
	return q, err
}

// added tells that a job has been left.
func (q *queue) added() {
	q.depth.Add(1)
	q.rouse()
}

func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run works until ctx is cancelled; then the jobs in hand are finished and noted.
func (q *queue) run(ctx context.Context) {
	var all, workers sync.WaitGroup
	if q.store.Shared() {
		all.Go(func() { q.recount(ctx) })
	}
	defer all.Wait()
	if q.workers == 0 {
		return
	}
	jobs, outcomes := make(chan []store.Job), make(chan outcome, settleAtOnce)
	workers.Go(func() { q.dispatch(ctx, jobs, outcomes) })
	for range q.workers {
		workers.Go(func() { q.work(ctx, jobs, outcomes) })
	}
	all.Go(func() { q.settle(outcomes) })
	workers.Wait()
	close(outcomes)
}

// recount asks now and then how many jobs there are, since other replicas leave and do jobs of the same queue.
func (q *queue) recount(ctx context.Context) {
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if pending, _, err := q.store.PendingJobs(ctx, q.kind); err == nil {
			q.depth.Store(int64(pending))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// dispatch leases jobs and hands them out, and gives those back that nobody took.
func (q *queue) dispatch(ctx context.Context, jobs chan<- []store.Job, outcomes chan<- outcome) {
	defer close(jobs)
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		leased, err := q.store.LeaseJobs(q.kind, now, now.Add(jobLease), q.workers*handsFull)
		if err != nil {
			q.log.Error("jobs unreadable", "queue", q.name, "error", err)
		}
		for hand := range slices.Chunk(leased, q.share(len(leased))) {
			if time.Since(now) > jobLease/2 { // the workers are slow; others may be less so
				giveBack(hand, outcomes)
				continue
			}
			select {
			case jobs <- hand:
			case <-ctx.Done():
				giveBack(hand, outcomes)
			}
		}
		if len(leased) == q.workers*handsFull {
			continue
		}
		select {
		case <-q.wake:
			wait(ctx, gatherJobs)
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// share is how many of the jobs that were leased go to a worker at once: every worker has some.
func (q *queue) share(leased int) int {
	return max(1, min(q.hand, (leased+q.workers-1)/q.workers))
}

// giveBack lets others do jobs that nobody has begun.
func giveBack(jobs []store.Job, outcomes chan<- outcome) {
	for _, job := range jobs {
		outcomes <- outcome{job: job, state: store.JobPending}
	}
}

// oneByOne is an attempt of who does one job after another.
func oneByOne(jobs []store.Job, do func(store.Job) outcome) []outcome {
	outcomes := make([]outcome, len(jobs))
	for i, job := range jobs {
		outcomes[i] = do(job)
	}
	return outcomes
}

func (q *queue) work(ctx context.Context, jobs <-chan []store.Job, outcomes chan<- outcome) {
	worker := q.hire()
	defer worker.quit()
	for hand := range jobs {
		hand = slices.DeleteFunc(hand, func(job store.Job) bool {
			erased := job.Email == "" // the person has been erased
			if erased {
				outcomes <- outcome{job: job, state: store.JobDead}
			}
			return erased
		})
		if len(hand) == 0 { // no connection is opened for nothing
			continue
		}
		for _, done := range worker.attempt(ctx, hand) {
			outcomes <- done
		}
	}
}

// settle notes outcomes, as many at once as there are.
func (q *queue) settle(outcomes <-chan outcome) {
	for first := range outcomes {
		batch := gatherOutcomes(first, outcomes)
		now := time.Now()
		settlements := make([]store.Settlement, len(batch))
		for i, done := range batch {
			settlements[i] = store.Settlement{Job: done.job.ID, State: done.state, Attempts: done.job.Attempts, Due: now.Add(done.pause)}
		}
		if err := q.store.SettleJobs(settlements, now); err != nil {
			q.log.Error("outcomes could not be noted; the jobs are done again", "queue", q.name, "jobs", len(batch), "error", err)
		}
		for _, done := range batch {
			q.count(done)
		}
	}
}

// gatherOutcomes returns the first and those that wait behind it.
func gatherOutcomes(first outcome, outcomes <-chan outcome) []outcome {
	batch := []outcome{first}
	for len(batch) < settleAtOnce {
		select {
		case next, open := <-outcomes:
			if !open {
				return batch
			}
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

func (q *queue) count(done outcome) {
	switch done.state {
	case store.JobDone:
		q.done.Add(1)
		q.depth.Add(-1)
	case store.JobDead:
		q.dead.Add(1)
		q.depth.Add(-1)
	case store.JobPending:
		q.again.Add(1)
		time.AfterFunc(done.pause, q.rouse)
	}
}

func (q *queue) stats() OutboxStats {
	return OutboxStats{Depth: int(q.depth.Load()), Sent: q.done.Load(), Repeats: q.again.Load(), Dead: q.dead.Load()}
}

// wait sleeps, or not when ctx is cancelled.
func wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
