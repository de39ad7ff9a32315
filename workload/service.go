package workload

import (
	"fmt"
	"time"
)

// Discipline is the order in which a queue is served.
type Discipline string

// The disciplines of a queue.
const (
	FIFO     Discipline = "fifo"
	LIFO     Discipline = "lifo"
	Priority Discipline = "priority"
)

// Service describes how one station serves requests, as a mock in a live run or as a station in a simulation. The zero
// value has one server that takes no time and an unbounded queue.
type Service struct {
	Servers     int           `yaml:"servers" json:"servers"`                           // parallel servers; 0 means 1
	ServiceTime Distribution  `yaml:"service" json:"service"`                           // time one server spends on one request
	Queue       *int          `yaml:"queue,omitempty" json:"queue,omitempty"`           // most requests waiting, those in service not counted; absent means unbounded
	Discipline  Discipline    `yaml:"discipline,omitempty" json:"discipline,omitempty"` // empty means fifo
	Deadline    time.Duration `yaml:"deadline,omitempty" json:"deadline,omitempty"`     // longest wait in the queue, after which the request is rejected; 0 means none
	RateLimit   Rate          `yaml:"rate,omitempty" json:"rate,omitempty"`             // most requests accepted per second; 0 means no limit
	Quota       QuotaTerms    `yaml:"quota,omitempty" json:"quota,omitzero"`            // most requests in each day or other period; the zero value means no limit
	Degrades    Degradation   `yaml:"degrades,omitempty" json:"degrades,omitzero"`      // how it slows down under load
}

// ServerCount returns the number of servers, at least 1.
func (s Service) ServerCount() int { return max(1, s.Servers) }

// CapacityPerSecond returns the most requests per second that all servers together complete in the long run. It is +Inf
// for a service time of 0.
func (s Service) CapacityPerSecond() float64 { return float64(s.ServerCount()) / s.ServiceTime.Mean() }

// Validate returns the first mistake in the description, worded for its author.
func (s Service) Validate() error {
	switch {
	case s.Servers < 0:
		return fmt.Errorf("servers is %d; it must be 0 (meaning 1) or more", s.Servers)
	case s.Queue != nil && *s.Queue < 0:
		return fmt.Errorf("queue is %d; it must be 0 or more, or left out for an unbounded queue", *s.Queue)
	case s.Deadline < 0:
		return fmt.Errorf("deadline is %v; it must be 0 (meaning none) or more", s.Deadline)
	}
	if err := s.Quota.Validate(); err != nil {
		return err
	}
	switch s.Discipline {
	case "", FIFO, LIFO, Priority:
		return s.Degrades.Validate()
	}
	return fmt.Errorf("discipline %q is unknown; use fifo, lifo or priority", s.Discipline)
}
