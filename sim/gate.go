package sim

import (
	"time"

	"github.com/ombak-sim/ombak/funnel"
	"github.com/ombak-sim/ombak/resilience"
)

// gate is a protection policy, the very code that the service runs, and who waits at it. The gates
// of the dependencies' calls come first, in the order of the dependencies; those of the doors follow.
type gate struct {
	name    string
	servers int
	policy  *resilience.BoundedFIFO
	waiting map[resilience.Ticket]int32
	due     time.Duration // when Expire is scheduled; 0 means it is not
}

func newGate(name string, config *resilience.FIFOConfig) *gate {
	if config == nil {
		return nil
	}
	policy, err := resilience.NewBoundedFIFO(*config)
	if err != nil {
		panic(err) // Validate has seen to it
	}
	return &gate{name: name, servers: config.Concurrency, policy: policy, waiting: map[resilience.Ticket]int32{}}
}

// enterGate asks for a place and says whether the request may go on at once. Otherwise it waits, or
// has been answered.
func (m *model) enterGate(number int32, which int) bool {
	gate := m.gates[which]
	decision := gate.policy.Arrive(m.engine.now)
	switch decision.Verdict {
	case resilience.Admitted:
		return true
	case resilience.Queued:
		gate.waiting[decision.Ticket] = number
		m.watchGate(which)
	default:
		m.busy(number, decision.RetryAfter)
	}
	return false
}

// watchGate schedules the next look at who has waited too long.
func (m *model) watchGate(which int) {
	gate := m.gates[which]
	next, due := gate.policy.NextDeadline()
	if due && gate.due == 0 {
		gate.due = max(next, m.engine.now)
		m.engine.At(gate.due, NewEvent(gateKind, int32(which)))
	}
}

// expire turns away who has waited at a gate to the deadline.
func (m *model) expire(which int) {
	gate := m.gates[which]
	gate.due = 0
	m.turnAway(gate)
	m.watchGate(which)
}

func (m *model) turnAway(gate *gate) {
	for _, ticket := range gate.policy.Expire(m.engine.now) {
		number := gate.waiting[ticket]
		delete(gate.waiting, ticket)
		m.busy(number, gate.policy.RetryAfter())
	}
}

// leaveGate gives the place back, and lets in who is next.
func (m *model) leaveGate(which int) {
	gate := m.gates[which]
	if gate == nil {
		return
	}
	for _, ticket := range gate.policy.Release(m.engine.now) { // one at most
		number := gate.waiting[ticket]
		delete(gate.waiting, ticket)
		m.letIn(number, which)
	}
	m.turnAway(gate)
	m.watchGate(which)
}

// letIn lets a request go on that waited at a gate.
func (m *model) letIn(number int32, which int) {
	r := &m.requests[number]
	if which < len(m.config.Calls) {
		m.dial(number, m.steps[r.step].route[r.hop])
		return
	}
	r.passed++
	m.knock(number)
}

// reading looks at a gate as the service would.
func (g *gate) reading(now time.Duration) funnel.Reading {
	stats := g.policy.Stats(now)
	return funnel.Reading{
		Station: g.name, At: now, Servers: g.servers,
		Busy: stats.InUse, Queued: stats.Queued, Arrivals: stats.Arrivals, Completions: stats.Completions, Rejections: stats.Rejections,
		BusyTime: stats.BusyTime, QueueMax: stats.QueueMax, QueueTime: stats.QueueTime,
	}
}
