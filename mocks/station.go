package mocks

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/listener"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Reading is one sample of a station. Its fields equal those of funnel.Reading, so that the types convert.
type Reading struct {
	Station     string        `json:"station"`
	At          time.Duration `json:"at"` // real time since the start of the run
	Servers     int           `json:"servers"`
	Busy        int           `json:"busy"`   // servers in use
	Queued      int           `json:"queued"` // requests waiting, without those in service
	Arrivals    uint64        `json:"arrivals"`
	Completions uint64        `json:"completions"`
	Rejections  uint64        `json:"rejections"`
	BusyTime    time.Duration `json:"busy_time"` // servers × time in use
	QueueMax    int           `json:"queue_max"`
	QueueTime   time.Duration `json:"queue_time"` // queued requests × time
	Batches     uint64        `json:"batches,omitempty"`
	SyncTime    time.Duration `json:"sync_time,omitempty"`
}

// Station runs a [Queue] in real time: a request that enters waits until the queue releases it. A late wake-up
// delays one answer and never the queue, whose instants are computed and not measured.
type Station struct {
	name   string
	clock  *runClock
	suffer func(scenario time.Duration) fault.Effect
	gauge  *gauge // may be nil
	alarm  alarm

	hangups *listener.Hangups // notices callers that leave the queue; may be nil

	mu    sync.Mutex
	queue *Queue
	due   time.Duration // when the alarm rings; 0 means it is not set
	visit sync.Pool
}

func newStation(name string, service workload.Service, opens time.Time, seed workload.Seed, clock *runClock) (*Station, error) {
	stream := seed.Stream(workload.NewPurpose("mocks.service."+name), 0, 0, 0)
	queue, err := NewQueue(service, opens, stream)
	if err != nil {
		return nil, err
	}
	s := &Station{name: name, clock: clock, queue: queue, suffer: func(time.Duration) fault.Effect { return fault.NoEffect() }}
	s.alarm = &plainAlarm{ring: s.ring}
	s.visit.New = func() any { return &Visit{done: make(chan struct{}, 1)} }
	return s, nil
}

// errLeft means that the caller closed the connection before its turn came.
var errLeft = errors.New("the caller has left")

// Visit waits for a server and for the service, and returns whether the request was served. An error means that the
// context ended, or that the caller closed the connection while the request waited, which takes it out of the queue. A
// request in service is completed. The connection may be nil.
func (s *Station) Visit(ctx context.Context, conn net.Conn) (Refusal, error) {
	return s.pass(ctx, conn, false)
}

// Hold is Visit for a request that keeps its server after the service, until [Station.Vacate]. A request that was
// refused, or that ended with an error, keeps none.
func (s *Station) Hold(ctx context.Context, conn net.Conn) (Refusal, error) {
	return s.pass(ctx, conn, true)
}

// Vacate frees the server that a request has kept.
func (s *Station) Vacate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	s.queue.release(now)
	s.release(now)
}

func (s *Station) pass(ctx context.Context, conn net.Conn, holds bool) (Refusal, error) {
	visit, over := s.enter(holds)
	if !over {
		gone, forget := s.watch(visit, conn)
		err := s.await(ctx, visit, gone)
		forget()
		if err != nil {
			s.abandon(visit)
			return Served, err
		}
	}
	refusal, err := visit.Refusal, ctx.Err()
	if err != nil {
		s.abandon(visit)
	}
	s.gauge.observe(visit)
	*visit = Visit{done: visit.done}
	s.visit.Put(visit)
	return refusal, err
}

// abandon frees the server that a request would keep for nobody.
func (s *Station) abandon(visit *Visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	s.queue.abandon(visit, now)
	s.release(now)
}

// watch notices if the caller of a request that waits leaves.
func (s *Station) watch(visit *Visit, conn net.Conn) (gone <-chan struct{}, forget func()) {
	s.mu.Lock()
	waits := s.queue.waits(visit)
	s.mu.Unlock()
	if !waits {
		return nil, func() {}
	}
	return s.hangups.Watch(conn)
}

// await waits until the visit is over. A visit that is given up is never used again.
func (s *Station) await(ctx context.Context, visit *Visit, gone <-chan struct{}) error {
	for {
		select {
		case <-visit.done:
			return nil
		case <-ctx.Done():
			return ctx.Err() // the queue still completes the visit
		case <-gone:
			if s.leave(visit) {
				return errLeft
			}
			gone = nil // it is in service, and is completed for nobody
		}
	}
}

// leave takes a request out of the queue and reports whether it still waited there.
func (s *Station) leave(visit *Visit) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	s.release(now)
	left := s.queue.leave(visit)
	s.release(now)
	return left
}

// enter returns a visit and whether it is over. If it is not, the visit's channel reports the end.
func (s *Station) enter(holds bool) (visit *Visit, over bool) {
	visit = s.visit.Get().(*Visit)
	visit.holds = holds
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	scenario := s.clock.scenarioAt(now)
	s.queue.arrive(visit, now, scenario, s.suffer(scenario))
	over = visit.Over
	s.release(now)
	return visit, over
}

// strike counts a request that a fault kept from the servers.
func (s *Station) strike() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.Strike(s.clock.now())
	s.gauge.refuse(Struck)
}

// change gives the station other settings.
func (s *Station) change(service workload.Service) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	err := s.queue.Change(now, service)
	s.release(now)
	return err
}

// ring runs when something is due.
func (s *Station) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = 0
	s.release(s.clock.now())
}

// release wakes all finished visits and sets the next alarm. The lock is held.
func (s *Station) release(now time.Duration) {
	for _, visit := range s.queue.Advance(now) {
		visit.done <- struct{}{}
	}
	next, due := s.queue.Next()
	if due && next != s.due {
		s.due = next
		s.alarm.set(max(0, next-s.clock.now()))
	}
}

// quotaLeft returns how many requests the daily quota still allows, and false without a quota.
func (s *Station) quotaLeft() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scenario := s.clock.scenario()
	quota := &s.queue.quota
	left := s.suffer(scenario).Quota
	quota.Allows(scenario, left) // a new day starts with a full quota
	return quota.Left(left)
}

// Reading samples the station now.
func (s *Station) Reading() Reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	reading := s.queue.Reading(s.clock.now())
	reading.Station = s.name
	reading.At = s.clock.sinceStart()
	return reading
}

// usePlainAlarm restores the station's plain alarm before the precise one stops.
func (s *Station) usePlainAlarm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarm = &plainAlarm{ring: s.ring}
}
