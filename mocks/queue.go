package mocks

import (
	"errors"
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Refusal says why a [Queue] did not serve a request; 0 when it did.
type Refusal uint8

// The refusals.
const (
	Served         Refusal = iota
	RateExceeded           // more requests than the rate allows
	QuotaUsedUp            // the quota of the day is used up
	QueueFull              // as many wait as may
	DeadlineMissed         // the wait would exceed the deadline; told when it has
)

// String returns the reason as mocks tell it.
func (r Refusal) String() string {
	names := [...]string{"served", "rate exceeded", "daily quota used up", "queue full", "waited too long"}
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("Refusal(%d)", uint8(r))
}

// ErrNotLive is returned for a discipline that mocks do not serve.
var ErrNotLive = errors.New("not served live yet")

// Ticket is what becomes of one arrival.
type Ticket struct {
	Start   time.Duration // when a server begins; no meaning when refused
	End     time.Duration // when the answer is given
	Refusal Refusal
}

// Queue is a first-come, first-served station of c servers as a deterministic state machine: the
// time is an argument and never goes back. Since service is first come, first served, the whole
// future of a request is known when it arrives:
//
//	start = max(now, the earliest instant at which a server is free)
//	end   = start + service time
//
// Note: a request that will miss its deadline never takes a server, and waits until the deadline
// all the same, for a real one would not know better.
type Queue struct {
	service workload.Service
	stream  workload.Stream // of service times
	quota   quota
	rate    rateWindow

	free       instants            // per server, when it is done with all it was given
	starts     line[time.Duration] // of requests that wait for a server
	expiries   line[time.Duration] // of requests that wait for their deadline
	departures instants            // of requests that a server has or will have

	now         time.Duration
	arrivals    uint64
	completions uint64
	rejections  uint64
	busy        int
	queueMax    int
	busyTime    time.Duration // of past departures minus past starts; see Reading
	queueTime   time.Duration // of past leavings minus past arrivals; see Reading
}

// NewQueue returns the empty station that a service describes. Opens is time zero of the scenario,
// by which the days of the quota are counted.
func NewQueue(service workload.Service, opens time.Time, stream workload.Stream) (*Queue, error) {
	if err := service.Validate(); err != nil {
		return nil, err
	}
	if service.Discipline == workload.LIFO || service.Discipline == workload.Priority {
		return nil, fmt.Errorf("discipline %s is %w; use fifo, or simulate the scenario", service.Discipline, ErrNotLive)
	}
	return &Queue{
		service: service,
		stream:  stream,
		quota:   newQuota(service.DailyQuota, opens),
		rate:    newRateWindow(service.RateLimit),
		free:    make(instants, service.ServerCount()),
	}, nil
}

// Arrive takes in one request. Now is real time since the station began, scenario is scenario time.
func (q *Queue) Arrive(now, scenario time.Duration) Ticket {
	q.advance(now)
	now = q.now
	q.arrivals++
	start := max(now, q.free[0])
	refusal := q.refusal(start, scenario)
	if refusal != Served {
		q.rejections++
		return Ticket{End: now, Refusal: refusal}
	}
	q.rate.take(now)
	q.quota.take()
	q.queueTime -= now
	if deadline := q.service.Deadline; deadline > 0 && start-now > deadline {
		q.expiries.push(now + deadline)
		q.noteQueue()
		return Ticket{End: now + deadline, Refusal: DeadlineMissed}
	}
	end := start + q.service.ServiceTime.Draw(&q.stream)
	q.free.replace(end)
	q.departures.push(end)
	q.starts.push(start)
	q.advance(now)
	q.noteQueue()
	return Ticket{Start: start, End: end}
}

func (q *Queue) refusal(start, scenario time.Duration) Refusal {
	switch {
	case !q.rate.allows(q.now):
		return RateExceeded
	case !q.quota.allows(scenario):
		return QuotaUsedUp
	case q.service.Queue != nil && start > q.now && q.queued() >= *q.service.Queue:
		return QueueFull
	}
	return Served
}

func (q *Queue) queued() int { return q.starts.len() + q.expiries.len() }

func (q *Queue) noteQueue() { q.queueMax = max(q.queueMax, q.queued()) }

// advance lets everything happen that is due by now.
func (q *Queue) advance(now time.Duration) {
	q.now = max(q.now, now)
	for q.starts.len() > 0 && q.starts.first() <= q.now {
		start := q.starts.pop()
		q.queueTime += start
		q.busy++
		q.busyTime -= start
	}
	for q.expiries.len() > 0 && q.expiries.first() <= q.now {
		q.queueTime += q.expiries.pop()
		q.rejections++
	}
	for len(q.departures) > 0 && q.departures[0] <= q.now {
		q.busyTime += q.departures.pop()
		q.busy--
		q.completions++
	}
}

// Reading returns the counters at an instant.
func (q *Queue) Reading(now time.Duration) Reading {
	q.advance(now)
	return Reading{
		Servers:     len(q.free),
		Busy:        q.busy,
		Queued:      q.queued(),
		Arrivals:    q.arrivals,
		Completions: q.completions,
		Rejections:  q.rejections,
		BusyTime:    q.busyTime + time.Duration(q.busy)*q.now,
		QueueMax:    q.queueMax,
		QueueTime:   q.queueTime + time.Duration(q.queued())*q.now,
	}
}
