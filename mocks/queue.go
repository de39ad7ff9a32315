package mocks

import (
	"errors"
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Refusal is the reason why a [Queue] did not serve a request; 0 means served.
type Refusal uint8

// The refusals.
const (
	Served         Refusal = iota
	RateExceeded           // more requests than the rate allows
	QuotaUsedUp            // the daily quota is used up
	QueueFull              // the queue has its maximum length
	DeadlineMissed         // it waited until the deadline; known at the deadline
	Struck                 // a fault kept it from the servers
)

// refusals returns all refusals in order.
func refusals() []Refusal {
	return []Refusal{Served, RateExceeded, QuotaUsedUp, QueueFull, DeadlineMissed, Struck}
}

// String returns the reason as the mocks report it.
func (r Refusal) String() string {
	names := [...]string{"served", "rate exceeded", "daily quota used up", "queue full", "waited too long", "out of order"}
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("Refusal(%d)", uint8(r))
}

// ErrNotLive is returned for a queueing discipline that mocks cannot serve.
var ErrNotLive = errors.New("not served live")

// Visit is one request at a [Queue]. Its instants are real times since the queue began.
type Visit struct {
	Arrived time.Duration
	Start   time.Duration // when service began; undefined if refused
	End     time.Duration // when the answer is due; known once in service or refused
	Refusal Refusal
	Over    bool // whether it has been answered or refused
	waits   bool // whether it is in the queue
	holds   bool // whether it keeps its server after the service

	work         time.Duration
	older, newer *Visit
	done         chan struct{} // used by the station
}

// Queue is a station of c servers as a deterministic state machine. Time is an argument and never decreases.
// Faults act on a request at its arrival, as in the simulator.
//
//  1. [Queue.Arrive] refuses a request, starts its service or queues it;
//  2. [Queue.Advance] processes what is due and returns the finished requests;
//  3. [Queue.Next] returns when the next event is due.
//
// A server that becomes free takes the next request at that instant, however late the call comes, so lateness
// does not add up.
type Queue struct {
	service workload.Service
	stream  workload.Stream // of service times
	quota   workload.Quota
	rate    workload.RateWindow

	serving departures
	held    int // servers kept by requests whose service has ended
	waiting waiting
	over    []*Visit // finished since the last Advance

	now         time.Duration
	arrivals    uint64
	completions uint64
	rejections  uint64
	queueMax    int
	busyTime    time.Duration // sum of past departures minus past starts; see Reading
	queueTime   time.Duration // sum of past exits from the queue minus past arrivals; see Reading
}

// NewQueue returns an empty station for a service. Opens is time zero of the scenario, from which the days of
// the quota are counted.
func NewQueue(service workload.Service, opens time.Time, stream workload.Stream) (*Queue, error) {
	if err := service.Validate(); err != nil {
		return nil, err
	}
	if !service.Discipline.Live() {
		return nil, fmt.Errorf("discipline %s is %w, because a mock serves requests one after the other and knows no priority; use fifo or lifo, or simulate the scenario", service.Discipline, ErrNotLive)
	}
	return &Queue{
		service: service,
		stream:  stream,
		quota:   workload.NewQuota(service.Quota, opens),
		rate:    workload.NewRateWindow(service.RateLimit),
	}, nil
}

// Arrive adds a request. Now is real time since the station began; scenario is scenario time.
func (q *Queue) Arrive(now, scenario time.Duration, effect fault.Effect) *Visit {
	visit := new(Visit)
	q.arrive(visit, now, scenario, effect)
	return visit
}

func (q *Queue) arrive(visit *Visit, now, scenario time.Duration, effect fault.Effect) {
	q.advance(now)
	q.arrivals++
	visit.Arrived = q.now
	if visit.Refusal = q.refusal(scenario, effect); visit.Refusal != Served {
		q.reject(visit)
		return
	}
	q.rate.Take(q.now)
	q.quota.Take()
	visit.work = q.work(effect)
	if q.busy() < q.service.ServerCount() {
		q.begin(visit, q.now)
		return
	}
	q.queueTime -= q.now
	visit.waits = true
	q.waiting.push(visit)
	q.queueMax = max(q.queueMax, q.waiting.count)
}

// busy is the number of servers in use.
func (q *Queue) busy() int { return len(q.serving) + q.held }

// work draws the service time, with the current faults of the station.
func (q *Queue) work(effect fault.Effect) time.Duration {
	const least = 1e-6 // minimum capacity, as in the simulator
	work := q.service.ServiceTime.Draw(&q.stream)
	factor := q.service.Degrades.At(float64(q.busy()+q.waiting.count+1) / float64(q.service.ServerCount()))
	if effect.Capacity < 1 {
		factor /= max(effect.Capacity, least)
	}
	if factor != 1 {
		work = time.Duration(float64(work) * factor)
	}
	return work + effect.Delay
}

func (q *Queue) refusal(scenario time.Duration, effect fault.Effect) Refusal {
	switch {
	case !q.rate.Allows(q.now):
		return RateExceeded
	case !q.quota.Allows(scenario, effect.Quota):
		return QuotaUsedUp
	case q.service.Queue != nil && q.waiting.count >= *q.service.Queue && q.busy() >= q.service.ServerCount():
		return QueueFull
	}
	return Served
}

// Strike counts a request that a fault kept from the servers.
func (q *Queue) Strike(now time.Duration) {
	q.advance(now)
	q.arrivals++
	q.rejections++
}

func (q *Queue) reject(visit *Visit) {
	visit.End, visit.Over = q.now, true
	q.rejections++
}

// begin starts the service of a request at an instant not after now.
func (q *Queue) begin(visit *Visit, at time.Duration) {
	visit.Start, visit.End = at, at+visit.work
	if visit.work == 0 && at == q.now {
		visit.Over = true
		q.completions++
		if visit.holds {
			q.held++
			q.busyTime -= at
		}
		return
	}
	q.busyTime -= at
	q.serving.push(visit)
}

// Next returns when the next request leaves service or the queue, and false if there is none.
func (q *Queue) Next() (time.Duration, bool) {
	missed, waits := q.missed()
	if len(q.serving) > 0 && (!waits || q.serving[0].End <= missed) {
		return q.serving[0].End, true
	}
	return missed, waits
}

// missed returns the deadline of the oldest waiting request.
func (q *Queue) missed() (time.Duration, bool) {
	if q.waiting.oldest == nil || q.service.Deadline == 0 {
		return 0, false
	}
	return q.waiting.oldest.Arrived + q.service.Deadline, true
}

// Advance processes everything due by now. It returns the requests answered or refused since the last call,
// except those refused at arrival. The slice is valid until the next call.
func (q *Queue) Advance(now time.Duration) []*Visit {
	q.advance(now)
	over := q.over
	q.over = q.over[:0]
	return over
}

func (q *Queue) advance(now time.Duration) {
	now = max(q.now, now)
	for {
		next, due := q.Next()
		if !due || next > now {
			break
		}
		q.now = max(q.now, next)
		if len(q.serving) > 0 && q.serving[0].End == next {
			q.depart()
		} else {
			q.expire()
		}
	}
	q.now = now
}

// depart ends the earliest service and, unless the request keeps its server, starts the next.
func (q *Queue) depart() {
	visit := q.serving.pop()
	q.completions++
	q.finish(visit)
	if visit.holds {
		q.held++
		return
	}
	q.free(visit.End)
}

// release frees the server that a request kept after its service.
func (q *Queue) release(now time.Duration) {
	q.advance(now)
	q.held--
	q.free(q.now)
}

// abandon gives up a request that would keep its server, for which nobody waits any more.
func (q *Queue) abandon(visit *Visit, now time.Duration) {
	q.advance(now)
	switch {
	case !visit.holds:
	case !visit.Over:
		visit.holds = false
	case visit.Refusal == Served:
		q.release(now)
	}
}

// free takes a server back at an instant and gives it to the next request.
func (q *Queue) free(at time.Duration) {
	q.busyTime += at
	for q.busy() < q.service.ServerCount() && q.waiting.oldest != nil {
		q.serveNext(at)
	}
}

// serveNext begins the service of a waiting request at an instant.
func (q *Queue) serveNext(at time.Duration) {
	next := q.waiting.oldest
	if q.service.Discipline == workload.LIFO {
		next = q.waiting.newest
	}
	q.waiting.remove(next)
	next.waits = false
	q.queueTime += at
	q.begin(next, at)
	if next.Over {
		q.over = append(q.over, next)
	}
}

// expire refuses the request whose deadline has passed.
func (q *Queue) expire() {
	visit := q.waiting.oldest
	q.waiting.remove(visit)
	visit.waits = false
	q.queueTime += q.now
	q.rejections++
	visit.Refusal, visit.End = DeadlineMissed, q.now
	q.finish(visit)
}

// waits reports whether a request is in the queue.
func (q *Queue) waits(visit *Visit) bool { return visit.waits }

// leave takes a request out of the queue, and reports whether it was there. It counts as an arrival only.
func (q *Queue) leave(visit *Visit) bool {
	if !visit.waits {
		return false
	}
	q.waiting.remove(visit)
	visit.waits = false
	q.queueTime += q.now
	return true
}

// Change gives the station other settings from now on. Requests in service keep their servers; those that wait beyond a
// shorter queue stay.
func (q *Queue) Change(now time.Duration, service workload.Service) error {
	if err := service.Validate(); err != nil {
		return err
	}
	if service.Discipline != q.service.Discipline {
		return errors.New("the discipline of a queue cannot change")
	}
	q.advance(now)
	if service.RateLimit != q.service.RateLimit {
		q.rate = workload.NewRateWindow(service.RateLimit)
	}
	q.quota.Change(service.Quota)
	q.service = service
	for q.busy() < service.ServerCount() && q.waiting.oldest != nil {
		q.serveNext(q.now)
	}
	return nil
}

func (q *Queue) finish(visit *Visit) {
	visit.Over = true
	q.over = append(q.over, visit)
}

// Reading returns the counters at an instant.
func (q *Queue) Reading(now time.Duration) Reading {
	q.advance(now)
	return Reading{
		Servers:     q.service.ServerCount(),
		Busy:        q.busy(),
		Queued:      q.waiting.count,
		Arrivals:    q.arrivals,
		Completions: q.completions,
		Rejections:  q.rejections,
		BusyTime:    q.busyTime + time.Duration(q.busy())*q.now,
		QueueMax:    q.queueMax,
		QueueTime:   q.queueTime + time.Duration(q.waiting.count)*q.now,
	}
}
