package sim

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
)

// gate is a queueing policy and the requests that wait at it, or a decider, which decides at once. The policy is
// the same code that the service runs. The gates of the dependencies' calls come first, in the order of the
// dependencies. The gates of the doors follow.
type gate struct {
	name     string
	policy   *resilience.Gate
	priority bool
	waiting  map[resilience.Ticket]int32
	due      time.Duration    // when Expire is scheduled; 0 means not scheduled
	decider  decider          // instead of the policy
	counts   resilience.Stats // of the decider
}

func newGate(name string, config *resilience.GateConfig) *gate {
	if config == nil {
		return nil
	}
	policy, err := resilience.NewGate(*config)
	if err != nil {
		panic(err) // Validate has checked it
	}
	return &gate{name: name, policy: policy, priority: config.Priority, waiting: map[resilience.Ticket]int32{}}
}

// enterGate asks for a place. An Admitted request may continue at once and a Queued request waits. A Rejected
// request has been answered.
func (m *model) enterGate(number int32, which int) resilience.Verdict {
	gate := m.gates[which]
	if gate.decider != nil {
		return m.enterFilter(number, gate)
	}
	class := resilience.Fresh
	if gate.priority && m.begun(&m.requests[number], which) {
		class = resilience.Begun
	}
	decision := gate.policy.ArriveAs(m.engine.now, class)
	switch decision.Verdict {
	case resilience.Queued:
		gate.waiting[decision.Ticket] = number
		m.requests[number].ticket = decision.Ticket
		m.watchGate(which)
		if m.requests[number].closed {
			m.withdraw(number)
			return resilience.Rejected
		}
	case resilience.Rejected:
		m.turnedAway(number, which, decision.RetryAfter)
	}
	return decision.Verdict
}

// begun reports whether a request belongs to a journey already begun. At the entry, the person is past the
// scheduled step. Elsewhere, the person has tried this step before.
func (m *model) begun(r *request, which int) bool {
	if which >= len(m.config.Calls) && m.config.Doors[which-len(m.config.Calls)].Step < 0 {
		return m.past(r)
	}
	return r.attempt > 1
}

// turnedAway answers a request that a gate rejects.
func (m *model) turnedAway(number int32, which int, retryAfter time.Duration) {
	if which < len(m.config.Calls) {
		m.callFailed(number, false, retryAfter)
		return
	}
	m.busy(number, retryAfter)
}

// watchGate schedules the next check for missed deadlines.
func (m *model) watchGate(which int) {
	gate := m.gates[which]
	next, due := gate.policy.NextDeadline()
	if due && (gate.due == 0 || next < gate.due) {
		gate.due = max(next, m.engine.now)
		m.engine.At(gate.due, NewEvent(gateKind, int32(which)))
	}
}

// expire rejects the requests that waited at a gate until their deadline.
func (m *model) expire(which int) {
	if m.gates[which].due > m.engine.now {
		return // an earlier check has replaced this one
	}
	m.gates[which].due = 0
	m.expelFrom(which)
	m.watchGate(which)
}

func (m *model) expelFrom(which int) {
	gate := m.gates[which]
	for _, ticket := range gate.policy.Expire(m.engine.now) {
		number := m.takeOut(gate, ticket)
		m.turnedAway(number, which, gate.policy.RetryAfter())
	}
}

// leaveGate releases the place and lets in the next request.
func (m *model) leaveGate(which int) {
	gate := m.gates[which]
	if gate == nil || gate.decider != nil {
		return
	}
	for _, ticket := range gate.policy.Release(m.engine.now) {
		number := m.takeOut(gate, ticket)
		m.letIn(number, which)
	}
	m.expelFrom(which)
	m.watchGate(which)
}

// takeOut removes the request with a ticket from the gate and returns it.
func (m *model) takeOut(gate *gate, ticket resilience.Ticket) int32 {
	number := gate.waiting[ticket]
	delete(gate.waiting, ticket)
	m.requests[number].ticket = 0
	return number
}

// cancel removes a request from the queue of the gate at which it waits.
func (m *model) cancel(r *request) {
	step := &m.steps[r.step]
	var which int
	if r.hop < 0 {
		which = step.doors[r.passed]
	} else {
		which = step.route[r.hop].To
	}
	gate := m.gates[which]
	gate.policy.Cancel(m.engine.now, r.ticket)
	m.takeOut(gate, r.ticket)
	m.watchGate(which)
}

// letIn continues a request that waited at a gate.
func (m *model) letIn(number int32, which int) {
	r := &m.requests[number]
	if which < len(m.config.Calls) {
		m.dial(number, m.steps[r.step].route[r.hop])
		return
	}
	r.passed++
	m.knock(number, 0)
}

// reading returns the gate's counts, as the service reports them.
func (g *gate) reading(now time.Duration) funnel.Reading {
	stats, servers := g.counts, 0
	if g.policy != nil {
		stats, servers = g.policy.Stats(now), g.policy.Limit()
	}
	return funnel.Reading{
		Station: g.name, At: now, Servers: servers,
		Busy: stats.InUse, Queued: stats.Queued, Arrivals: stats.Arrivals, Completions: stats.Completions, Rejections: stats.Rejections,
		BusyTime: stats.BusyTime, QueueMax: stats.QueueMax, QueueTime: stats.QueueTime,
	}
}
