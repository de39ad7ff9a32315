package sim

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// Classes is the number of priorities at a station; 0 goes first.
const Classes = 4

// StationConfig describes a station. The zero value of every field beside the Service switches off
// what it describes.
type StationConfig struct {
	Name string
	workload.Service
	Sharing    bool    // processor sharing: all requests are served at once, each at speed min(1, servers/requests)
	Preemptive bool    // with the discipline priority: a request interrupts one of a lower class, which later resumes
	Balking    float64 // an arrival that finds n requests here joins with probability 1/(1 + Balking·n)
	Holding    bool    // a served request keeps its server until it is released
	Batch      Batch
	Pauses     Pauses
	Chores     Chores
}

// Batch describes group commit: a free server takes all that waits at once.
type Batch struct {
	Rows   int           // most requests of a batch; 0 means no batches
	Age    time.Duration // how long a batch waits for company once a server has taken its first request
	PerRow time.Duration // work for each request beyond the batch's own service time
	Also   time.Duration // work that each batch brings to the station At, and that nobody waits for
	At     int           // of those on the floor

	Elsewhere bool // the work on rows is done by the station At, and the batch waits for it
}

// Chores describe what a station does for nobody from time to time, in one piece, such as collecting
// garbage or copying a database's log: the more it works for requests, the more often.
type Chores struct {
	Every  time.Duration // work for requests between two of them
	Length time.Duration // work of each, that waits its turn as a request does; 0 means none
}

// Pauses describes stops of all servers, such as for garbage collection, that come while they work.
type Pauses struct {
	Rate   float64 // per second of a busy server
	Length workload.Distribution
}

// Validate returns the first fault of the description.
func (c StationConfig) Validate() error {
	if err := c.Service.Validate(); err != nil {
		return fmt.Errorf("station %s: %w", c.Name, err)
	}
	special := 0
	for _, is := range []bool{c.Sharing, c.Preemptive, c.Batch.Rows > 0, c.Pauses.Rate > 0} {
		if is {
			special++
		}
	}
	switch {
	case special > 1:
		return fmt.Errorf("station %s: sharing, preemption, batches and pauses exclude each other; keep one", c.Name)
	case c.Preemptive && c.Discipline != workload.Priority:
		return fmt.Errorf("station %s: only the discipline priority can be preemptive", c.Name)
	case c.Holding && (c.Sharing || c.Batch.Rows > 0):
		return fmt.Errorf("station %s: shared servers and batches cannot be held", c.Name)
	case c.Chores.Length > 0 && (c.Batch.Rows > 0 || c.Chores.Every <= 0) || c.Chores.Length < 0:
		return fmt.Errorf("station %s: chores need some work between them, at a station without batches", c.Name)
	case c.Balking < 0 || c.Pauses.Rate < 0 || c.Batch.Rows < 0 || c.Batch.Age < 0 || c.Batch.PerRow < 0 || c.Batch.Also < 0:
		return fmt.Errorf("station %s: balking, batch and pauses must be 0 or more", c.Name)
	}
	return nil
}

// Refusal says why a station did not take a request.
type Refusal uint8

// The refusals.
const (
	Taken          Refusal = iota // it did
	RateExceeded                  // more requests than the rate allows
	QuotaUsedUp                   // the quota of the day is used up
	QueueFull                     // as many wait as may
	DeadlineMissed                // it waited to the deadline; told when it has
	Balked                        // it did not join the queue
)

// Station is one place where requests wait for servers.
type Station struct {
	StationConfig
	floor    *Floor
	number   int16
	limit    int // most waiting; -1 means no limit
	servers  int
	plain    bool // whom a free server takes is served and gone, and that is all
	busy     int
	waiting  int
	queues   [Classes]line
	serving  line // in service, where that must be known
	deadline *Delay
	rate     workload.RateWindow
	quota    workload.Quota
	left     float64 // share of the quota
	chance   workload.Stream
	sharing  *sharing
	batch    *batching
	pauses   *pauses
	worked   time.Duration // for requests, since the last chore
	stats    stats
}

// stats are counts and integrals up to the time last.
type stats struct {
	last                                               time.Duration
	arrivals, completions, rejections, wasted, batches uint64
	left                                               uint64 // withdrawn
	busyTime, queueTime, wastedTime                    time.Duration
	queueMax                                           int
}

// tracked says whether completions may have to be called off.
func (s *Station) tracked() bool { return s.Preemptive || s.pauses != nil }

// accrue adds the time since the last change to the integrals.
func (s *Station) accrue() { s.accrueTo(s.floor.engine.now) }

func (s *Station) accrueTo(now time.Duration) {
	elapsed := now - s.stats.last
	if elapsed == 0 {
		return
	}
	s.stats.last = now
	s.stats.queueTime += elapsed * time.Duration(s.waiting)
	s.stats.busyTime += elapsed * time.Duration(min(s.busy, s.servers))
}

// Reading returns what the station has done up to now.
func (s *Station) Reading() funnel.Reading {
	s.accrue()
	return funnel.Reading{
		Station: s.Name, At: s.floor.engine.now, Servers: s.servers, Busy: min(s.busy, s.servers), Queued: s.waiting,
		Arrivals: s.stats.arrivals, Completions: s.stats.completions, Rejections: s.stats.rejections,
		BusyTime: s.stats.busyTime, QueueMax: s.stats.queueMax, QueueTime: s.stats.queueTime, Batches: s.stats.batches, Wasted: s.stats.wasted,
	}
}

// Wasted returns how many requests were worked off for clients that had left, and the time it took.
func (s *Station) Wasted() (requests uint64, work time.Duration) {
	return s.stats.wasted, s.stats.wastedTime
}

// InUse returns how many requests are here, waiting or in service.
func (s *Station) InUse() int { return s.waiting + s.busy }

// CutQuota leaves a share of the quota.
func (s *Station) CutQuota(left float64) { s.left = left }

// Degraded returns the work of a request that arrives now, by how many are here.
func (s *Station) Degraded(work time.Duration) time.Duration {
	if s.Degrades.Factor <= 1 {
		return work
	}
	return time.Duration(float64(work) * s.Degrades.At(float64(s.InUse()+1)/float64(s.servers)))
}

// refusal says why a new request is not taken, in the order in which the mocks ask.
func (s *Station) refusal() Refusal {
	floor := s.floor
	switch {
	case !s.rate.Allows(floor.engine.now):
		return RateExceeded
	case s.DailyQuota > 0 && !s.quota.Allows(floor.clock.Scenario(floor.engine.now), s.left):
		return QuotaUsedUp
	case s.limit >= 0 && s.waiting >= s.limit && s.busy >= s.servers:
		return QueueFull
	case s.Balking > 0 && !s.chance.Chance(1/(1+s.Balking*float64(s.InUse()))):
		return Balked
	}
	return Taken
}

// enqueue puts a job into the queue of its class; resumed ones come first.
func (s *Station) enqueue(place Job, resumed bool) {
	s.accrue()
	job := &s.floor.jobs.table[place]
	job.state, job.since = jobWaiting, s.floor.engine.now
	queue := &s.queues[s.classOf(job.class)]
	if resumed || s.Discipline == workload.LIFO {
		queue.pushFront(s.floor.jobs.table, place)
	} else {
		queue.pushBack(s.floor.jobs.table, place)
	}
	s.waiting++
	s.stats.queueMax = max(s.stats.queueMax, s.waiting)
	if s.deadline != nil && !resumed {
		job.alarm = s.floor.engine.Arm(s.deadline, NewEvent(s.floor.kinds+missedKind, int32(place)))
	}
}

// classOf makes one queue do where there are no priorities.
func (s *Station) classOf(class uint8) uint8 {
	if s.Discipline == workload.Priority {
		return class
	}
	return 0
}

// unqueue takes a job out of the queue.
func (s *Station) unqueue(place Job) {
	s.accrue()
	job := &s.floor.jobs.table[place]
	s.queues[s.classOf(job.class)].remove(s.floor.jobs.table, place)
	s.waiting--
	if s.deadline != nil {
		s.floor.engine.Disarm(s.deadline, job.alarm)
	}
}

// pop takes the next job out of the queue.
func (s *Station) pop() Job {
	for class := range s.queues {
		if first := s.queues[class].first; first != noJob {
			s.unqueue(first)
			return first
		}
	}
	return noJob
}
