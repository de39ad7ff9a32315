package workload

import (
	"fmt"
	"slices"
	"time"
)

// Discipline is the order in which a queue is served.
type Discipline string

// The disciplines of a queue.
const (
	FIFO     Discipline = "fifo"
	LIFO     Discipline = "lifo"
	Priority Discipline = "priority"

	Preemptive Discipline = "preemptive" // priority, and a request interrupts one of a lower class
	Sharing    Discipline = "sharing"    // processor sharing: nobody waits, all are served at once, more slowly
)

// Disciplines returns all disciplines, in the order in which they are documented.
func Disciplines() []Discipline { return []Discipline{FIFO, LIFO, Priority, Preemptive, Sharing} }

// Live reports whether a mock can serve by the discipline. Requests on the wire have no priority, and a mock does not
// interrupt or slow down what it has begun.
func (d Discipline) Live() bool { return d == "" || d == FIFO || d == LIFO }

// HasPriorities reports whether the discipline serves some classes of requests before others.
func (d Discipline) HasPriorities() bool { return d == Priority || d == Preemptive }

// Service describes how one station serves requests, as a mock in a live run or as a station in a simulation. The zero
// value has one server that takes no time and an unbounded queue.
type Service struct {
	Servers     int           `yaml:"servers" json:"servers"`                           // requests that are served at once; 0 means 1
	ServiceTime Distribution  `yaml:"service" json:"service"`                           // time that one server spends on one request
	Queue       *int          `yaml:"queue,omitempty" json:"queue,omitempty"`           // most requests that wait, those in service not counted; one that finds so many waiting and all servers busy is rejected at once; with discipline sharing, servers + queue requests are served at once and further ones are rejected; absent means unbounded
	Discipline  Discipline    `yaml:"discipline,omitempty" json:"discipline,omitempty"` // who is served next: fifo (default), whoever waited longest; lifo, whoever came last; priority, the lowest priority of a step, then whoever waited longest; preemptive, like priority, and a request interrupts one with a higher number, which resumes later where it stopped; sharing, everybody at once, each at the speed min(1, servers/requests). Mocks serve by fifo and lifo only
	Deadline    time.Duration `yaml:"deadline,omitempty" json:"deadline,omitempty"`     // longest wait in the queue, real time, after which the request is rejected; 0 means none
	RateLimit   Rate          `yaml:"rate,omitempty" json:"rate,omitempty"`             // most requests accepted in any n/rate seconds of real time, where n is the rate per second rounded up; further ones are rejected; 0 means no limit
	Quota       QuotaTerms    `yaml:"quota,omitempty" json:"quota,omitzero"`            // most requests accepted in each day or other period; further ones are rejected; the zero value means no limit
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
	if s.Discipline != "" && !slices.Contains(Disciplines(), s.Discipline) {
		return fmt.Errorf("discipline %q is unknown; use fifo, lifo, priority, preemptive or sharing", s.Discipline)
	}
	if s.Discipline == Sharing && s.Deadline > 0 {
		return fmt.Errorf("deadline is %v, but nobody waits where the discipline is sharing; remove it, or choose another discipline", s.Deadline)
	}
	return s.Degrades.Validate()
}
