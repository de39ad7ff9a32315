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

// jobsPerWorker is how many jobs a lease takes per worker. settleAtOnce is how many outcomes are recorded
// together. Both share one transaction among many jobs, so that its time hardly counts.
const (
	jobsPerWorker = 512
	settleAtOnce  = 2048
)

// pollInterval is how often a queue polls for jobs it was not told about, such as those of replicas that died.
const pollInterval = time.Second

// gatherTime is how long a woken queue waits for more jobs. Each lease is a transaction, and mails sent
// together cost less.
const gatherTime = 50 * time.Millisecond

// jobLease is how long a worker may hold a job. A worker that dies delays its jobs by at most this time.
const jobLease = time.Minute

// Retries decides whether and when a job is tried again.
type Retries struct {
	Backoff, BackoffMax time.Duration // before the second attempt, doubled before each further one, up to BackoffMax
	Attempts            int           // attempts after which a job is dead
}

// Pause returns how long to wait after the given number of attempts.
func (r Retries) Pause(attempts int) time.Duration {
	pause := r.Backoff
	for range attempts - 1 {
		if pause *= 2; pause >= r.BackoffMax {
			return r.BackoffMax
		}
	}
	return pause
}

// Next returns the state of a job after a failed attempt that may be repeated.
func (r Retries) Next(attempts int) store.JobState {
	if attempts < r.Attempts {
		return store.JobPending
	}
	return store.JobDead
}

// Outcome is the result of an attempt.
type Outcome struct {
	Job   store.Job
	State store.JobState
	Pause time.Duration // before the next attempt, if pending
}

// Worker runs jobs.
type Worker interface {
	Attempt(ctx context.Context, jobs []store.Job) []Outcome // returns one outcome per job
	Quit()
}

// Queue runs the jobs of one kind in the store. Several queues may share a store: a lease in the database
// assigns each job, and a job runs twice if its Outcome was not recorded.
type Queue struct {
	Kind store.JobKind
	Name string

	store *store.Store
	log   *slog.Logger
	crew  Crew
	wake  chan struct{} // holds one signal: there may be work
	depth atomic.Int64
	done  atomic.Uint64
	again atomic.Uint64
	dead  atomic.Uint64
}

// Crew describes the workers of a queue. Without workers the jobs stay in the store.
type Crew struct {
	Workers int
	Hand    int // largest number of jobs a worker takes at once; 0 means one
	Hire    func() Worker
	Wall    func() time.Time // stamps jobs; default time.Now
}

// New returns a queue with its depth read from the store.
func New(ctx context.Context, kind store.JobKind, name string, s *store.Store, crew Crew, log *slog.Logger) (*Queue, error) {
	if crew.Wall == nil {
		crew.Wall = time.Now
	}
	q := &Queue{Kind: kind, Name: name, store: s, crew: crew, log: log, wake: make(chan struct{}, 1)}
	pending, _, err := s.PendingJobs(ctx, kind)
	q.depth.Store(int64(pending))
	return q, err
}

// Added tells the queue that a job has been stored.
func (q *Queue) Added() {
	q.depth.Add(1)
	q.wakeUp()
}

func (q *Queue) wakeUp() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run runs jobs until ctx is cancelled. It then finishes the jobs in hand and records their outcomes.
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

// recount reads the number of jobs from time to time, because other replicas add and run jobs of the same
// queue.
func (q *Queue) recount(ctx context.Context) {
	ticker := time.NewTicker(pollInterval)
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

// dispatch leases jobs, hands them out, and returns the jobs that no worker took.
func (q *Queue) dispatch(ctx context.Context, jobs chan<- []store.Job, outcomes chan<- Outcome) {
	defer close(jobs)
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		began, now := time.Now(), q.crew.Wall()
		leased, err := q.store.LeaseJobs(q.Kind, now, now.Add(jobLease), q.crew.Workers*jobsPerWorker)
		if err != nil {
			q.log.Error("lease jobs", "queue", q.Name, "error", err)
		}
		for hand := range slices.Chunk(leased, q.share(len(leased))) {
			if time.Since(began) > jobLease/2 { // the workers are slow; another replica may be faster
				giveBack(hand, outcomes)
				continue
			}
			select {
			case jobs <- hand:
			case <-ctx.Done():
				giveBack(hand, outcomes)
			}
		}
		if len(leased) == q.crew.Workers*jobsPerWorker {
			continue
		}
		select {
		case <-q.wake:
			wait(ctx, gatherTime)
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// share returns how many of the leased jobs a worker takes at once, so that every worker gets some.
func (q *Queue) share(leased int) int {
	return max(1, min(q.crew.Hand, (leased+q.crew.Workers-1)/q.crew.Workers))
}

// giveBack releases jobs that no worker has begun.
func giveBack(jobs []store.Job, outcomes chan<- Outcome) {
	for _, job := range jobs {
		outcomes <- Outcome{Job: job, State: store.JobPending}
	}
}

// OneByOne runs jobs one after another and returns their outcomes.
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
		if len(hand) == 0 { // no connection is opened without jobs
			continue
		}
		for _, done := range worker.Attempt(ctx, hand) {
			outcomes <- done
		}
	}
}

// settle records outcomes, as many together as are waiting.
func (q *Queue) settle(outcomes <-chan Outcome) {
	for first := range outcomes {
		batch := gatherOutcomes(first, outcomes)
		now := q.crew.Wall()
		settlements := make([]store.Settlement, len(batch))
		for i, done := range batch {
			settlements[i] = store.Settlement{Job: done.Job.ID, State: done.State, Attempts: done.Job.Attempts, Due: now.Add(min(done.Pause, store.LongestPause))}
		}
		if err := q.store.SettleJobs(settlements, now); err != nil {
			q.log.Error("record outcomes; the jobs will run again", "queue", q.Name, "jobs", len(batch), "error", err)
		}
		for _, done := range batch {
			q.count(done)
		}
	}
}

// gatherOutcomes returns the first outcome and those that wait behind it.
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
		time.AfterFunc(done.Pause, q.wakeUp)
	}
}

// Stats counts jobs of one kind, such as mails.
type Stats struct {
	Depth   int    `json:"depth"`   // jobs to run, including retries
	Sent    uint64 `json:"sent"`    // jobs done
	Repeats uint64 `json:"repeats"` // attempts that will be repeated
	Dead    uint64 `json:"dead"`    // jobs given up for good
}

// Depth returns the number of jobs to run.
func (q *Queue) Depth() int { return int(q.depth.Load()) }

// Stats returns the counts up to now.
func (q *Queue) Stats() Stats {
	return Stats{Depth: int(q.depth.Load()), Sent: q.done.Load(), Repeats: q.again.Load(), Dead: q.dead.Load()}
}

// wait sleeps for the pause or until ctx is cancelled.
func wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
