package outbox

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

// Retries says when a job is tried again, and how often.
type Retries struct {
	Backoff, BackoffMax time.Duration // before the second attempt, doubled before each further one up to the most
	Attempts            int           // after so many a job is dead
}

// Pause returns how long to wait after so many attempts.
func (r Retries) Pause(attempts int) time.Duration {
	pause := r.Backoff
	for range attempts - 1 {
		if pause *= 2; pause >= r.BackoffMax {
			return r.BackoffMax
		}
	}
	return pause
}

// Next says what becomes of a job after an attempt that may be repeated.
func (r Retries) Next(attempts int) store.JobState {
	if attempts < r.Attempts {
		return store.JobPending
	}
	return store.JobDead
}

// Outcome is what has become of an attempt.
type Outcome struct {
	Job   store.Job
	State store.JobState
	Pause time.Duration // before the next attempt, when pending
}

// Worker does jobs.
type Worker interface {
	Attempt(ctx context.Context, jobs []store.Job) []Outcome // one for each
	Quit()
}

// Queue does the jobs of one kind that the store holds. Several queues may work on one store: who has
// which job in hand is a lease in the database, and a job whose Outcome was not noted is done twice.
type Queue struct {
	Kind store.JobKind
	Name string

	store *store.Store
	log   *slog.Logger
	crew  Crew
	wake  chan struct{} // one place: there may be something to do
	depth atomic.Int64
	done  atomic.Uint64
	again atomic.Uint64
	dead  atomic.Uint64
}

// Crew is who does the jobs of a queue. Without workers they stay.
type Crew struct {
	Workers int
	Hand    int // most jobs that a worker takes at once; 0 means one
	Hire    func() Worker
}

// New returns a queue that knows how much waits in it.
func New(ctx context.Context, kind store.JobKind, name string, s *store.Store, crew Crew, log *slog.Logger) (*Queue, error) {
	q := &Queue{Kind: kind, Name: name, store: s, crew: crew, log: log, wake: make(chan struct{}, 1)}
	pending, _, err := s.PendingJobs(ctx, kind)
	q.depth.Store(int64(pending))
	return q, err
}

// Added tells the queue that a job has been left.
func (q *Queue) Added() {
	q.depth.Add(1)
	q.rouse()
}

func (q *Queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx is cancelled; then the jobs in hand are finished and noted.
func (q *Queue) Run(ctx context.Context) {
	var all, workers sync.WaitGroup
	if q.store.Shared() {
		all.Go(func() { q.recount(ctx) })
	}
	defer all.Wait()
	if q.crew.Workers == 0 {
		return
	}
	jobs, outcomes := make(chan []store.Job), make(chan Outcome, settleAtOnce)
	workers.Go(func() { q.dispatch(ctx, jobs, outcomes) })
	for range q.crew.Workers {
		workers.Go(func() { q.work(ctx, jobs, outcomes) })
	}
	all.Go(func() { q.settle(outcomes) })
	workers.Wait()
	close(outcomes)
}

// recount asks now and then how many jobs there are, since other replicas leave and do jobs of the same queue.
func (q *Queue) recount(ctx context.Context) {
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if pending, _, err := q.store.PendingJobs(ctx, q.Kind); err == nil {
			q.depth.Store(int64(pending))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// dispatch leases jobs and hands them out, and gives those back that nobody took.
func (q *Queue) dispatch(ctx context.Context, jobs chan<- []store.Job, outcomes chan<- Outcome) {
	defer close(jobs)
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		leased, err := q.store.LeaseJobs(q.Kind, now, now.Add(jobLease), q.crew.Workers*handsFull)
		if err != nil {
			q.log.Error("jobs unreadable", "queue", q.Name, "error", err)
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
		if len(leased) == q.crew.Workers*handsFull {
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
func (q *Queue) share(leased int) int {
	return max(1, min(q.crew.Hand, (leased+q.crew.Workers-1)/q.crew.Workers))
}

// giveBack lets others do jobs that nobody has begun.
func giveBack(jobs []store.Job, outcomes chan<- Outcome) {
	for _, job := range jobs {
		outcomes <- Outcome{Job: job, State: store.JobPending}
	}
}

// OneByOne is an attempt of who does one job after another.
func OneByOne(jobs []store.Job, do func(store.Job) Outcome) []Outcome {
	outcomes := make([]Outcome, len(jobs))
	for i, job := range jobs {
		outcomes[i] = do(job)
	}
	return outcomes
}

func (q *Queue) work(ctx context.Context, jobs <-chan []store.Job, outcomes chan<- Outcome) {
	worker := q.crew.Hire()
	defer worker.Quit()
	for hand := range jobs {
		hand = slices.DeleteFunc(hand, func(job store.Job) bool {
			erased := job.Email == "" // the person has been erased
			if erased {
				outcomes <- Outcome{Job: job, State: store.JobDead}
			}
			return erased
		})
		if len(hand) == 0 { // no connection is opened for nothing
			continue
		}
		for _, done := range worker.Attempt(ctx, hand) {
			outcomes <- done
		}
	}
}

// settle notes outcomes, as many at once as there are.
func (q *Queue) settle(outcomes <-chan Outcome) {
	for first := range outcomes {
		batch := gatherOutcomes(first, outcomes)
		now := time.Now()
		settlements := make([]store.Settlement, len(batch))
		for i, done := range batch {
			settlements[i] = store.Settlement{Job: done.Job.ID, State: done.State, Attempts: done.Job.Attempts, Due: now.Add(done.Pause)}
		}
		if err := q.store.SettleJobs(settlements, now); err != nil {
			q.log.Error("outcomes could not be noted; the jobs are done again", "queue", q.Name, "jobs", len(batch), "error", err)
		}
		for _, done := range batch {
			q.count(done)
		}
	}
}

// gatherOutcomes returns the first and those that wait behind it.
func gatherOutcomes(first Outcome, outcomes <-chan Outcome) []Outcome {
	batch := []Outcome{first}
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

func (q *Queue) count(done Outcome) {
	switch done.State {
	case store.JobDone:
		q.done.Add(1)
		q.depth.Add(-1)
	case store.JobDead:
		q.dead.Add(1)
		q.depth.Add(-1)
	case store.JobPending:
		q.again.Add(1)
		time.AfterFunc(done.Pause, q.rouse)
	}
}

// Stats is about jobs of one kind, such as mails.
type Stats struct {
	Depth   int    `json:"depth"`   // to be done, those to be repeated among them
	Sent    uint64 `json:"sent"`    // done
	Repeats uint64 `json:"repeats"` // attempts to be repeated
	Dead    uint64 `json:"dead"`    // refused for good
}

// Depth counts the jobs to be done.
func (q *Queue) Depth() int { return int(q.depth.Load()) }

// Stats returns the counts up to now.
func (q *Queue) Stats() Stats {
	return Stats{Depth: int(q.depth.Load()), Sent: q.done.Load(), Repeats: q.again.Load(), Dead: q.dead.Load()}
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
