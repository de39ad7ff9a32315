package resilience

import (
	"fmt"
	"time"
)

// Ticket names one arrival at a policy; the first is 1.
type Ticket uint64

// Verdict is what a policy says to an arrival.
type Verdict uint8

// The verdicts.
const (
	Admitted Verdict = iota // go on, and Release when done
	Queued                  // wait: Release or Expire will name the ticket
	Rejected                // go away, and come back after Decision.RetryAfter
)

// Decision is a policy's answer to an arrival.
type Decision struct {
	Ticket     Ticket
	Verdict    Verdict
	RetryAfter time.Duration // only for Rejected: when a place may be free again, an estimate
}

// FIFOConfig describes a [BoundedFIFO].
type FIFOConfig struct {
	Concurrency int           `yaml:"concurrency" json:"concurrency"`               // most requests in service at once
	Queue       int           `yaml:"queue,omitempty" json:"queue,omitempty"`       // most requests waiting; 0 makes it a static limit
	Deadline    time.Duration `yaml:"deadline,omitempty" json:"deadline,omitempty"` // longest wait in the queue; 0 means none
}

// Validate returns the first fault of the description.
func (c FIFOConfig) Validate() error {
	switch {
	case c.Concurrency < 1:
		return fmt.Errorf("concurrency is %d; it must be 1 or more", c.Concurrency)
	case c.Queue < 0:
		return fmt.Errorf("queue is %d; it must be 0 (meaning no queue) or more", c.Queue)
	case c.Deadline < 0:
		return fmt.Errorf("deadline is %v; it must be 0 (meaning none) or more", c.Deadline)
	}
	return nil
}

// BoundedFIFO admits at most Concurrency requests at once, lets at most Queue more wait in the order
// of their arrival, none of them for Deadline or longer, and rejects the rest at once. With a Queue
// of 0 it is the policy static-limit.
//
// It is a queue of finite storage with several servers: Kleinrock, "Queueing Systems", vol. I (1975),
// sec. 3.6, with Concurrency servers and Concurrency + Queue places. The deadline is the constant
// patience of Barrer, "Queuing with Impatient Customers and Ordered Service", Operations Research 5
// (1957). Why a queue needs both bounds: Beyer et al., "Site Reliability Engineering" (2016), ch. 22,
// "Queue Management".
//
// Time never runs backwards: a now before the latest one is taken for the latest one. Each call
// costs O(1) amortised, but Cancel, which is O(log Queue).
//
// Note: rejecting those who would wait too long on arrival, by an estimate of the service time, was
// rejected: a registry's service time jumps when it is overloaded, just when the estimate is needed.
type BoundedFIFO struct {
	config  FIFOConfig
	waiting line
	expired []Ticket // taken out since the last Expire
	next    [1]Ticket
	inUse   int
	last    time.Duration // the latest now
	stats   Stats
}

// NewBoundedFIFO returns an empty BoundedFIFO.
func NewBoundedFIFO(config FIFOConfig) (*BoundedFIFO, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("bounded fifo: %w", err)
	}
	return &BoundedFIFO{config: config}, nil
}

// Arrive decides about a new request.
func (f *BoundedFIFO) Arrive(now time.Duration) Decision {
	f.advance(now)
	f.stats.Arrivals++
	ticket := Ticket(f.stats.Arrivals)
	switch {
	case f.inUse < f.config.Concurrency:
		f.inUse++
		return Decision{Ticket: ticket, Verdict: Admitted}
	case f.waiting.live < f.config.Queue:
		f.waiting.push(ticket, f.last)
		f.stats.QueueMax = max(f.stats.QueueMax, f.waiting.live)
		return Decision{Ticket: ticket, Verdict: Queued}
	}
	f.stats.Rejections++
	return Decision{Ticket: ticket, Verdict: Rejected, RetryAfter: f.RetryAfter()}
}

// Release ends the service of one admitted request and returns the tickets that are admitted
// instead. The slice is valid until the next call. It panics when nothing is in service.
func (f *BoundedFIFO) Release(now time.Duration) []Ticket {
	if f.inUse == 0 {
		panic("resilience: Release without an admitted request")
	}
	f.advance(now)
	f.stats.Completions++
	if f.waiting.live == 0 {
		f.inUse--
		return nil
	}
	f.next[0] = f.waiting.pop()
	return f.next[:]
}

// Expire returns the tickets that have reached their deadline since Expire was last called, which
// are rejected. The slice is valid until the next call.
func (f *BoundedFIFO) Expire(now time.Duration) []Ticket {
	f.advance(now)
	expired := f.expired
	f.expired = f.expired[:0]
	return expired
}

// Cancel takes a waiting request out of the queue and tells whether it was still there. An admitted
// one is not cancelled but released.
func (f *BoundedFIFO) Cancel(now time.Duration, ticket Ticket) bool {
	f.advance(now)
	if !f.waiting.remove(ticket) {
		return false
	}
	f.stats.Cancellations++
	return true
}

// NextDeadline returns when Expire is due: at once when tickets have expired that it has not named
// yet, else at the deadline of the first in the queue. It is false when nothing is due.
func (f *BoundedFIFO) NextDeadline() (time.Duration, bool) {
	if len(f.expired) > 0 {
		return f.last, true
	}
	if f.config.Deadline == 0 || f.waiting.live == 0 {
		return 0, false
	}
	return f.waiting.first().since + f.config.Deadline, true
}

// RetryAfter estimates when someone who is turned away now would find a place: the time to work off
// the queue, (waiting + 1) · S / c, but not more than the deadline, when all who wait now are gone.
//
// Where:
//
//	S  mean service time so far, s: time in use divided by completions (Little, "A Proof for the
//	   Queuing Formula L = λW", Operations Research 9 (1961))
//	c  Concurrency
func (f *BoundedFIFO) RetryAfter() time.Duration {
	if f.stats.Completions == 0 {
		return f.config.Deadline
	}
	service := float64(f.stats.BusyTime) / float64(f.stats.Completions)
	wait := time.Duration(service * float64(f.waiting.live+1) / float64(f.config.Concurrency))
	if f.config.Deadline > 0 {
		wait = min(wait, f.config.Deadline)
	}
	return wait
}

// advance moves the time on: the integrals grow, and those whose deadline has come leave the queue,
// each counted as waiting up to its deadline exactly.
func (f *BoundedFIFO) advance(now time.Duration) {
	for f.config.Deadline > 0 && f.waiting.live > 0 {
		deadline := f.waiting.first().since + f.config.Deadline
		if deadline > now {
			break
		}
		f.accrue(deadline)
		f.expired = append(f.expired, f.waiting.pop())
		f.stats.Rejections++
	}
	f.accrue(now)
}

// accrue adds the time since the last call to the integrals.
func (f *BoundedFIFO) accrue(now time.Duration) {
	if now <= f.last {
		return
	}
	elapsed := now - f.last
	f.stats.BusyTime += elapsed * time.Duration(f.inUse)
	f.stats.QueueTime += elapsed * time.Duration(f.waiting.live)
	f.last = now
}
