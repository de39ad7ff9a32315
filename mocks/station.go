package mocks

import (
	"context"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/workload"
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
	name  string
	clock *runClock

	mu    sync.Mutex
	queue *Queue
}

func newStation(name string, service workload.Service, opens time.Time, seed workload.Seed, clock *runClock) (*Station, error) {
	stream := seed.Stream(workload.NewPurpose("mocks.service."+name), 0, 0, 0)
	queue, err := NewQueue(service, opens, stream)
	if err != nil {
		return nil, err
	}
	return &Station{name: name, clock: clock, queue: queue}, nil
}

// Visit waits for a server and for its work and says whether the request was served. An error means
// that the context ended first; the station works the request off all the same.
func (s *Station) Visit(ctx context.Context) (Refusal, error) {
	ticket := s.enter()
	wait := ticket.End - s.clock.now()
	if wait <= 0 {
		return ticket.Refusal, ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ticket.Refusal, nil
	case <-ctx.Done():
		return ticket.Refusal, ctx.Err()
	}
}

func (s *Station) enter() Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.Arrive(s.clock.now(), s.clock.scenario())
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

// runClock tells real time since the mocks came up, and scenario time once the run has begun.
type runClock struct {
	up time.Time

	mu       sync.RWMutex
	begun    time.Duration // real time since up at which the run began
	whatTime func() time.Duration
}

func newRunClock() *runClock { return &runClock{up: time.Now()} }

func (c *runClock) begin(scenario func() time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun, c.whatTime = c.now(), scenario
}

// now is real time since the mocks came up.
func (c *runClock) now() time.Duration { return time.Since(c.up) }

// sinceStart is real time since the run began; 0 before.
func (c *runClock) sinceStart() time.Duration { return c.sinceStartAt(c.now()) }

// sinceStartAt is real time from the beginning of the run to an instant of now; 0 before.
func (c *runClock) sinceStartAt(instant time.Duration) time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.whatTime == nil {
		return 0
	}
	return max(0, instant-c.begun)
}

// scenario is scenario time; 0 before the run has begun.
func (c *runClock) scenario() time.Duration {
	c.mu.RLock()
	whatTime := c.whatTime
	c.mu.RUnlock()
	if whatTime == nil {
		return 0
	}
	return whatTime()
}
