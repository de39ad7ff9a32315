package resilience

import (
	"errors"
	"fmt"
	"time"
)

// Ticket numbers the arrivals at a policy, from 1.
type Ticket uint64

// Verdict is a policy's decision about an arrival.
type Verdict uint8

// The verdicts.
const (
	Admitted Verdict = iota // go on, and call Release when done
	Queued                  // wait: Release or Expire will return the ticket
	Rejected                // leave, and come back after Decision.RetryAfter
)

// Decision is a policy's answer to an arrival.
type Decision struct {
	Ticket     Ticket
	Verdict    Verdict
	RetryAfter time.Duration // only if Rejected: an estimate of when a place may be free
}

// Class is the class of a request, for policies that distinguish them; see [GateConfig.Priority].
type Class uint8

// The classes, the most urgent first.
const (
	Begun Class = iota // of a journey that has already begun
	Fresh              // of a new journey
	classes
)

// GateConfig describes a [Gate]: how many requests may be in service, which may wait and for how long, and
// which is next. Every queueing policy is such a description.
type GateConfig struct {
	FIFOConfig
	CoDel    *CoDelConfig    `json:"codel,omitempty"`    // bounds waits instead of Deadline
	Adaptive *AdaptiveConfig `json:"adaptive,omitempty"` // learns the concurrency, starting from Concurrency
	Priority bool            `json:"priority,omitempty"` // serve journeys that have already begun first; see [Class]
}

// Validate returns the first mistake in the description.
func (c GateConfig) Validate() error {
	if err := c.FIFOConfig.Validate(); err != nil {
		return err
	}
	if c.CoDel != nil {
		if c.Deadline != 0 {
			return errors.New("codel bounds the wait itself; leave the deadline out")
		}
		if err := c.CoDel.Validate(); err != nil {
			return err
		}
	}
	if c.Adaptive != nil {
		return c.Adaptive.Validate(c.Concurrency)
	}
	return nil
}

// Gate admits a limited number of requests at once, lets some wait, and rejects the rest. The backend and the
// simulator put it in front of what they protect, whatever the policy.
//
// Time never runs backwards: a now before the latest one counts as the latest one. Each call costs O(1)
// amortized, except Cancel, which costs O(log Queue).
//
// Note: estimating the wait on arrival and rejecting requests that would wait too long was rejected. The
// service time of an overloaded registry jumps just when the estimate is needed.
type Gate struct {
	config  GateConfig
	adapt   *adaptive // nil if the concurrency is fixed
	limit   int       // most requests in service
	queues  [classes]line
	waiting int
	filled  time.Duration // when the queue was last empty
	expired []Ticket      // tickets removed since the last Expire
	next    []Ticket
	inUse   int
	off     bool          // admits everybody; see Change
	last    time.Duration // the latest now
	stats   Stats
}

// NewGate returns an empty Gate.
func NewGate(config GateConfig) (*Gate, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	g := &Gate{config: config, limit: config.Concurrency}
	if config.Adaptive != nil {
		g.adapt = newAdaptive(*config.Adaptive, config.Concurrency)
	}
	return g, nil
}

// Arrive decides about a new request without a class.
func (g *Gate) Arrive(now time.Duration) Decision { return g.ArriveAs(now, Fresh) }

// ArriveAs decides about a new request. With [GateConfig.Priority] and a full queue, a request of a journey
// that has already begun takes the place of the latest newcomer.
func (g *Gate) ArriveAs(now time.Duration, class Class) Decision {
	g.advance(now)
	g.stats.Arrivals++
	ticket := Ticket(g.stats.Arrivals)
	switch {
	case g.off || g.inUse < g.limit:
		g.inUse++
		return Decision{Ticket: ticket, Verdict: Admitted}
	case g.waiting < g.config.Queue, g.evict(class):
		g.enqueue(ticket, class)
		return Decision{Ticket: ticket, Verdict: Queued}
	}
	g.stats.Rejections++
	return Decision{Ticket: ticket, Verdict: Rejected, RetryAfter: g.RetryAfter()}
}

func (g *Gate) enqueue(ticket Ticket, class Class) {
	if g.waiting == 0 {
		g.filled = g.last
	}
	g.queue(class).push(ticket, g.last)
	g.waiting++
	g.stats.QueueMax = max(g.stats.QueueMax, g.waiting)
}

// queue returns the queue of a class. Without priorities all classes share one.
func (g *Gate) queue(class Class) *line {
	if !g.config.Priority {
		class = Begun
	}
	return &g.queues[class]
}

// Release ends the service of one admitted request and returns the tickets that are admitted instead. The
// slice is valid until the next call. Release panics if no request is in service.
func (g *Gate) Release(now time.Duration) []Ticket {
	if g.inUse == 0 {
		panic("resilience: Release without an admitted request")
	}
	g.advance(now)
	g.stats.Completions++
	g.inUse--
	if g.adapt != nil && !g.off {
		g.limit = g.adapt.observe(g.last, g.stats)
	}
	g.next = g.next[:0]
	for (g.off || g.inUse < g.limit) && g.waiting > 0 {
		g.next = append(g.next, g.pop())
		g.inUse++
	}
	return g.next
}

// pop removes the next ticket from the queue.
func (g *Gate) pop() Ticket {
	g.waiting--
	for class := range g.queues {
		if q := &g.queues[class]; q.live > 0 {
			if g.config.CoDel != nil && g.standing() {
				return q.popLast()
			}
			return q.pop()
		}
	}
	panic("resilience: the books of the queue do not add up")
}

// Expire returns the tickets that have lost their place in the queue since the last call. They are rejected.
// The slice is valid until the next call.
func (g *Gate) Expire(now time.Duration) []Ticket {
	g.advance(now)
	expired := g.expired
	g.expired = g.expired[:0]
	return expired
}

// Cancel removes a waiting request from the queue and reports whether it was still there. Use Release for an
// admitted request.
func (g *Gate) Cancel(now time.Duration, ticket Ticket) bool {
	g.advance(now)
	for class := range g.queues {
		if g.queues[class].remove(ticket) {
			g.waiting--
			g.stats.Cancellations++
			return true
		}
	}
	return false
}

// NextDeadline returns when Expire is due: at once if there are expired tickets that it has not returned, or
// else at the deadline of the first ticket in the queue. It returns false if nothing is due.
func (g *Gate) NextDeadline() (time.Duration, bool) {
	if len(g.expired) > 0 {
		return g.last, true
	}
	_, deadline, any := g.oldest()
	return deadline, any
}

// oldest returns the queue with the longest wait, and the deadline of that wait. It returns false if there is
// no deadline.
func (g *Gate) oldest() (q *line, deadline time.Duration, any bool) {
	if g.waiting == 0 || g.config.Deadline == 0 && g.config.CoDel == nil {
		return nil, 0, false
	}
	for class := range g.queues {
		if at := &g.queues[class]; at.live > 0 && (q == nil || at.first().since < q.first().since) {
			q = at
		}
	}
	if g.config.CoDel != nil {
		return q, g.config.CoDel.deadline(q.first().since, g.filled), true
	}
	return q, q.first().since + g.config.Deadline, true
}

// RetryAfter estimates when someone who is rejected now would find a place. It is the time to work off the
// queue, (waiting + 1) · S / c, but not more than the deadline, by which all who wait now are gone.
//
// Where:
//
//	S  mean service time so far, s: time in use divided by completions (Little, "A Proof for the
//	   Queuing Formula L = λW", Operations Research 9 (1961))
//	c  Concurrency
func (g *Gate) RetryAfter() time.Duration {
	longest := g.config.Deadline
	if g.config.CoDel != nil {
		longest = g.config.CoDel.Interval
	}
	if g.stats.Completions == 0 {
		return longest
	}
	service := float64(g.stats.BusyTime) / float64(g.stats.Completions)
	wait := time.Duration(service * float64(g.waiting+1) / float64(g.limit))
	if longest > 0 {
		wait = min(wait, longest)
	}
	return wait
}

// Limit returns how many requests may be in service now.
func (g *Gate) Limit() int { return g.limit }

// advance moves the time on. The integrals grow, and requests whose deadline has come leave the queue; each
// counts as waiting exactly up to its deadline.
func (g *Gate) advance(now time.Duration) {
	for {
		q, deadline, any := g.oldest()
		if !any || deadline > now {
			break
		}
		g.accrue(deadline)
		g.markExpired(q.pop())
	}
	g.accrue(now)
}

// markExpired records that a ticket has lost its place in the queue.
func (g *Gate) markExpired(ticket Ticket) {
	g.waiting--
	g.expired = append(g.expired, ticket)
	g.stats.Rejections++
}

// accrue adds the time since the last call to the integrals.
func (g *Gate) accrue(now time.Duration) {
	if now <= g.last {
		return
	}
	elapsed := now - g.last
	g.stats.BusyTime += elapsed * time.Duration(g.inUse)
	g.stats.QueueTime += elapsed * time.Duration(g.waiting)
	g.last = now
}

// Gate returns the description itself.
func (c GateConfig) Gate() GateConfig { return c }

var _ Gated = GateConfig{}
