package mocks

import (
	"context"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Reading is one look at a station. Its fields are those of funnel.Reading, so that the one
// converts to the other.
type Reading struct {
	Station     string        `json:"station"`
	At          time.Duration `json:"at"` // real time since the start of the run
	Servers     int           `json:"servers"`
	Busy        int           `json:"busy"`   // servers in use
	Queued      int           `json:"queued"` // requests waiting, those in service not counted
	Arrivals    uint64        `json:"arrivals"`
	Completions uint64        `json:"completions"`
	Rejections  uint64        `json:"rejections"`
	BusyTime    time.Duration `json:"busy_time"` // servers × time in use
	QueueMax    int           `json:"queue_max"`
	QueueTime   time.Duration `json:"queue_time"` // queued requests × time
	Batches     uint64        `json:"batches,omitempty"`
	SyncTime    time.Duration `json:"sync_time,omitempty"`
}

// Station is a [Queue] in real time: whoever enters it waits until the queue lets them go. A late
// wake-up delays one answer and never the queue itself, whose instants are computed, not measured.
type Station struct {
	name   string
	clock  *runClock
	suffer func(scenario time.Duration) fault.Effect
	gauge  *gauge // may be nil
	alarm  alarm

	mu    sync.Mutex
	queue *Queue
	due   time.Duration // what the alarm is set to; 0 means it is not
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

// Visit waits for a server and for its work and says whether the request was served. An error means
// that the context ended first; the station works the request off all the same.
func (s *Station) Visit(ctx context.Context) (Refusal, error) {
	visit, over := s.enter()
	if !over {
		select {
		case <-visit.done:
		case <-ctx.Done():
			return Served, ctx.Err() // the visit stays the queue's
		}
	}
	refusal := visit.Refusal
	s.gauge.observe(visit)
	*visit = Visit{done: visit.done}
	s.visit.Put(visit)
	return refusal, ctx.Err()
}

// enter returns a visit and whether it is over; if not, a word comes when it is.
func (s *Station) enter() (visit *Visit, over bool) {
	visit = s.visit.Get().(*Visit)
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

// ring is called when something is due.
func (s *Station) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = 0
	s.release(s.clock.now())
}

// release sends word to all who are done, and sets the alarm for the next; the lock is held.
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

// quotaLeft returns how many requests the quota of the day still allows; false without a quota.
func (s *Station) quotaLeft() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scenario := s.clock.scenario()
	quota := &s.queue.quota
	left := s.suffer(scenario).Quota
	quota.Allows(scenario, left) // a new day starts from nothing
	return quota.Left(left)
}

// Reading looks at the station now.
func (s *Station) Reading() Reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	reading := s.queue.Reading(s.clock.now())
	reading.Station = s.name
	reading.At = s.clock.sinceStart()
	return reading
}

// rest gives the station its plain alarm back, for the precise one is about to go.
func (s *Station) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarm = &plainAlarm{ring: s.ring}
}
