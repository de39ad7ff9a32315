package sim

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// Classes is the number of priorities at a station. Class 0 goes first.
const Classes = 10

// StationConfig describes a station. The zero value of every field except Service switches its feature off.
type StationConfig struct {
	Name string
	workload.Service
	Sharing    bool                  // processor sharing: all requests are served at the same time, each at speed min(1, servers/requests)
	Slice      time.Duration         // a server turns to the next request that waits after this time, and the one it served waits again, last of all; 0 means that it finishes the request
	Preemptive bool                  // with the discipline priority: a request interrupts one of a lower class, which resumes later
	Balking    float64               // an arrival that finds n requests joins with probability 1/(1 + Balking·n)
	Holding    bool                  // a served request keeps its server until it is released
	SetUp      workload.Distribution // time that a server needs before it serves a request that found it idle
	Batch      Batch
	Pauses     Pauses
	Chores     Chores
	Together   Together
	Beside     time.Duration // time of a server for each request that other programs on the machine take, in pieces; no utilization of the station
}

// Batch describes group commit: a free server takes all waiting requests at once.
type Batch struct {
	Rows   int           // maximum requests per batch; 0 means no batches
	Age    time.Duration // how long a batch waits for more requests after a server has taken its first
	PerRow time.Duration // work per request in addition to the batch's own service time
	Also   time.Duration // work that each batch sends to the station At without waiting for it
	At     int           // index of a station on the floor

	Elsewhere bool // the station At does the work on rows, and the batch waits for it
}

// Chores describes background work of a station, such as collecting garbage or copying a database's log. A chore
// is due after a given amount of work for requests.
type Chores struct {
	Every  time.Duration // work for requests between two chores
	Length time.Duration // work of each chore, which queues like a request; 0 means no chores
}

// Pauses describes stops of all servers, such as for garbage collection. They occur while servers work.
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
	for _, is := range []bool{c.Sharing, c.Slice != 0, c.Preemptive, c.Batch.Rows > 0, c.Pauses.Rate > 0} {
		if is {
			special++
		}
	}
	switch {
	case special > 1:
		return fmt.Errorf("station %s: sharing, slices, preemption, batches and pauses exclude each other; keep one", c.Name)
	case c.Slice < 0 || c.Slice > 0 && (c.Deadline > 0 || c.Holding || c.Discipline != "" && c.Discipline != workload.FIFO):
		return fmt.Errorf("station %s: slices must be 0 or longer, and need the discipline fifo without a deadline and servers that are not held", c.Name)
	case c.Preemptive && c.Discipline != workload.Priority:
		return fmt.Errorf("station %s: only the discipline priority can be preemptive", c.Name)
	case !c.SetUp.IsZero() && (c.Sharing || c.Batch.Rows > 0):
		return fmt.Errorf("station %s: shared servers and servers of batches have no set-up", c.Name)
	case c.Sharing && c.Deadline > 0:
		return fmt.Errorf("station %s: nobody waits for a shared server, so there is no deadline", c.Name)
	case c.Holding && (c.Sharing || c.Batch.Rows > 0):
		return fmt.Errorf("station %s: shared servers and batches cannot be held", c.Name)
	case c.Chores.Length > 0 && (c.Batch.Rows > 0 || c.Chores.Every <= 0) || c.Chores.Length < 0:
		return fmt.Errorf("station %s: chores need Every above 0 and a station without batches", c.Name)
	case c.Together.Within > 0 && c.Batch.Rows > 0:
		return fmt.Errorf("station %s: batches share their work already; keep one", c.Name)
	case c.Beside < 0 || c.Beside > 0 && c.Batch.Rows > 0:
		return fmt.Errorf("station %s: other programs take 0 or more, and nothing from batches", c.Name)
	case c.Balking < 0 || c.Pauses.Rate < 0 || c.Batch.Rows < 0 || c.Batch.Age < 0 || c.Batch.PerRow < 0 || c.Batch.Also < 0:
		return fmt.Errorf("station %s: balking, batch and pauses must be 0 or more", c.Name)
	}
	return c.Together.validate(c.Name)
}

// Refusal is the reason why a station did not take a request.
type Refusal uint8

// The refusals.
const (
	Taken          Refusal = iota // the station took it
	RateExceeded                  // more requests than the rate allows
	QuotaUsedUp                   // the daily quota is used up
	QueueFull                     // the queue is at its limit
	DeadlineMissed                // it waited until its deadline; reported at that time
	Balked                        // it did not join the queue
)

// Station is a queue and its servers.
type Station struct {
	StationConfig
	floor    *Floor
	number   int16
	limit    int // maximum queue length; -1 means no limit
	servers  int
	plain    bool // a free server serves a request with no further effects
	busy     int
	waiting  int
	queues   [Classes]line
	serving  line // jobs in service, if tracked
	deadline *Delay
	rate     workload.RateWindow
	quota    workload.Quota
	left     float64 // share of the quota
	chance   workload.Stream
	setUp    sampler
	cold     workload.Stream // of the set-ups
	sharing  *sharing
	batch    *batching
	pauses   *pauses
	worked   time.Duration // for requests, since the last chore
	due      time.Duration // to other programs
	shut     time.Duration // when the window of shared work ends
	stats    stats
}

// stats are counts and integrals up to the time last.
type stats struct {
	last                                               time.Duration
	arrivals, completions, rejections, wasted, batches uint64
	left                                               uint64 // withdrawn
	busyTime, queueTime, wastedTime                    time.Duration
	queueMax                                           int
	begun, delayed                                     uint64        // requests whose service began, and those of them that had waited
	others                                             time.Duration // that other programs took of the servers
	waitTime, serviceTime                              time.Duration // time that they waited, and time in service of those served
}

// isPlain reports whether a free server serves a request with no further effects.
func (s *Station) isPlain() bool {
	return s.SetUp.IsZero() && !s.Sharing && !s.Holding && s.Batch.Rows == 0 && s.Chores.Length == 0 && s.Beside == 0 && s.Together.Within == 0 && !s.tracked() &&
		s.RateLimit == 0 && s.Quota.Most == 0 && s.Balking == 0
}

// tracked reports whether completions may have to be revoked.
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

// Reading returns the station's counts up to now.
func (s *Station) Reading() funnel.Reading {
	s.accrue()
	return funnel.Reading{
		Station: s.Name, At: s.floor.engine.now, Servers: s.servers, Busy: min(s.busy, s.servers), Queued: s.waiting,
		Arrivals: s.stats.arrivals, Completions: s.stats.completions, Rejections: s.stats.rejections,
		BusyTime: s.ownTime(), QueueMax: s.stats.queueMax, QueueTime: s.stats.queueTime, Batches: s.stats.batches, Wasted: s.stats.wasted,
		Begun: s.stats.begun, Delayed: s.stats.delayed, WaitTime: s.stats.waitTime, ServiceTime: s.stats.serviceTime,
	}
}

// ownTime returns the time that servers were busy, without what other programs took.
func (s *Station) ownTime() time.Duration { return max(0, s.stats.busyTime-s.stats.others) }

// Wasted returns the number of requests served for clients that had left, and the time spent on them.
func (s *Station) Wasted() (requests uint64, work time.Duration) {
	return s.stats.wasted, s.stats.wastedTime
}

// InUse returns the number of requests at the station, waiting or in service.
func (s *Station) InUse() int { return s.waiting + s.busy }

// CutQuota reduces the quota to a share of itself.
func (s *Station) CutQuota(left float64) { s.left = left }

// Degraded returns the work of a request that arrives now, given the number of requests at the station.
func (s *Station) Degraded(work time.Duration) time.Duration {
	if s.Degrades.Factor <= 1 {
		return work
	}
	return time.Duration(float64(work) * s.Degrades.At(float64(s.InUse()+1)/float64(s.servers)))
}

// refusal returns why a new request is not taken. It checks in the same order as the mocks.
func (s *Station) refusal() Refusal {
	floor := s.floor
	switch {
	case !s.rate.Allows(floor.engine.now):
		return RateExceeded
	case s.Quota.Most > 0 && !s.quota.Allows(floor.clock.Scenario(floor.engine.now), s.left):
		return QuotaUsedUp
	case s.full():
		return QueueFull
	case s.Balking > 0 && !s.chance.Chance(1/(1+s.Balking*float64(s.InUse()))):
		return Balked
	}
	return Taken
}

// full reports whether the limit of the queue leaves no room. Nobody waits for a shared server, so all requests beyond
// the number of servers count against it there.
func (s *Station) full() bool {
	if s.sharing != nil {
		return s.limit >= 0 && s.busy-s.servers >= s.limit
	}
	return s.limit >= 0 && s.waiting >= s.limit && s.busy >= s.servers
}

// enqueue puts a job into the queue of its class. Resumed jobs go first.
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

// classOf maps all classes to one queue if the station has no priorities.
func (s *Station) classOf(class uint8) uint8 {
	if s.Discipline == workload.Priority {
		return class
	}
	return 0
}

// unqueue removes a job from the queue.
func (s *Station) unqueue(place Job) {
	s.accrue()
	job := &s.floor.jobs.table[place]
	s.queues[s.classOf(job.class)].remove(s.floor.jobs.table, place)
	s.waiting--
	if s.deadline != nil {
		s.floor.engine.Disarm(s.deadline, job.alarm)
	}
}

// pop removes and returns the next job of the queue.
func (s *Station) pop() Job {
	for class := range s.queues {
		if first := s.queues[class].first; first != noJob {
			s.unqueue(first)
			s.waited(first)
			return first
		}
	}
	return noJob
}

// waited records that a waiting job leaves the queue for a server.
func (s *Station) waited(place Job) {
	job := &s.floor.jobs.table[place]
	wait := s.floor.engine.now - job.since
	s.stats.waitTime += wait
	if !job.delayed && wait > 0 {
		job.delayed = true
		s.stats.delayed++
	}
}

// begins records that the service of a job begins, or that it resumes.
func (s *Station) begins(job *job) {
	if !job.begun {
		job.begun = true
		s.stats.begun++
	}
}
