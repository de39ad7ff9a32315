package sim

import (
	"time"

	"github.com/ombak-sim/ombak/fault"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// When the service tells people to come back to a registry in trouble, as the reference backend does.
const (
	registryRetry = 5 * time.Second
	quotaRetry    = time.Minute
)

// call asks for a place at the gate of a dependency.
func (m *model) call(number int32, hop *hop) {
	gate := m.gates[hop.To]
	if gate == nil {
		m.dial(number, hop)
		return
	}
	decision := gate.policy.Arrive(m.engine.now)
	switch decision.Verdict {
	case resilience.Admitted:
		m.dial(number, hop)
	case resilience.Queued:
		gate.waiting[decision.Ticket] = number
		m.watchGate(hop.To)
	default:
		m.busy(number, decision.RetryAfter)
	}
}

// watchGate schedules the next look at who has waited too long.
func (m *model) watchGate(dependency int) {
	gate := m.gates[dependency]
	next, due := gate.policy.NextDeadline()
	if due && gate.due == 0 {
		gate.due = max(next, m.engine.now)
		m.engine.At(gate.due, NewEvent(gateKind, int32(dependency)))
	}
}

// expire turns away who has waited at a gate to the deadline.
func (m *model) expire(dependency int) {
	gate := m.gates[dependency]
	gate.due = 0
	m.turnAway(gate)
	m.watchGate(dependency)
}

func (m *model) turnAway(gate *gate) {
	for _, ticket := range gate.policy.Expire(m.engine.now) {
		number := gate.waiting[ticket]
		delete(gate.waiting, ticket)
		m.busy(number, gate.policy.RetryAfter())
	}
}

// dial makes the call: the dependency works on it while a timeout runs.
func (m *model) dial(number int32, hop *hop) {
	r := &m.requests[number]
	dependency := &m.config.Calls[hop.To]
	if dependency.Timeout > 0 {
		r.timeout = m.engine.Arm(hop.delay, NewEvent(callTimeoutKind, number))
	}
	work := m.work(r, hop)
	if len(dependency.Faults) > 0 {
		effect := dependency.Faults.At(m.config.Journey.Clock.Scenario(m.engine.now))
		if !m.suffer(number, hop, effect, &work) {
			return
		}
	}
	m.visit(number, hop.station, work)
}

var faultPurpose = workload.NewPurpose("sim/fault")

// suffer applies what befalls a dependency to one call; false where the call gets no further.
func (m *model) suffer(number int32, hop *hop, effect fault.Effect, work *time.Duration) bool {
	r := &m.requests[number]
	if effect.Capacity < 1 {
		*work = time.Duration(float64(*work) / max(effect.Capacity, 1e-6))
	}
	*work += effect.Delay
	if effect.Share == 0 {
		return true
	}
	stream := m.config.Seed.Stream(faultPurpose^hop.purpose, r.person, m.steps[r.step].key, int(r.attempt))
	if !stream.Chance(effect.Share) {
		return true
	}
	if effect.Outcome == fault.Error || r.timeout == 0 { // silence without a timeout would hold the request for ever
		m.endCall(number, hop)
		m.busy(number, registryRetry)
	}
	return false
}

// endCall stops the timeout and gives the place at the gate to the next.
func (m *model) endCall(number int32, hop *hop) {
	r := &m.requests[number]
	if r.timeout != 0 {
		m.engine.Disarm(hop.delay, r.timeout)
		r.timeout = 0
	}
	m.leaveGate(hop.To)
}

func (m *model) leaveGate(dependency int) {
	gate := m.gates[dependency]
	if gate == nil {
		return
	}
	admitted := gate.policy.Release(m.engine.now)
	for _, ticket := range admitted {
		number := gate.waiting[ticket]
		delete(gate.waiting, ticket)
		r := &m.requests[number]
		m.dial(number, m.steps[r.step].route[r.hop])
	}
	m.turnAway(gate)
	m.watchGate(dependency)
}

// callTimedOut gives a call up; the dependency goes on working for nobody.
func (m *model) callTimedOut(number int32) {
	r := &m.requests[number]
	hop := m.steps[r.step].route[r.hop]
	if r.job != noJob {
		m.floor.Leave(r.job)
		r.job = noJob
	}
	r.timeout = 0
	m.leaveGate(hop.To)
	m.busy(number, registryRetry)
}

// called is a call that was answered.
func (m *model) called(number int32, hop *hop) {
	m.endCall(number, hop)
	if !m.decide(number, hop) {
		m.advance(number)
	}
}

// mailPause is how long after a mail the service sends none to the same address again.
const mailPause = time.Minute

// mailRepeat is when a mail that was not taken is handed over again.
const mailRepeat = 5 * time.Second

// leaveErrand gives a dependency something to do that the request does not wait for.
func (m *model) leaveErrand(r *request, hop *hop) {
	s := &m.sessions[r.session]
	isMail := m.mails(hop)
	if isMail && s.generation == r.generation {
		if s.mailed && m.engine.now < s.mailedAt+mailPause {
			return
		}
		s.mailed, s.mailedAt = true, m.engine.now
		s.mails++
	}
	errand := *r
	errand.errand, errand.left, errand.held, errand.job = true, false, noJob, noJob
	number := m.takeRequest()
	m.requests[number] = errand
	m.visit(number, hop.station, m.work(&errand, hop))
}

func (m *model) mails(hop *hop) bool {
	role := m.config.Calls[hop.To].Role
	return role == Mail || role == SMS
}

// again repeats an errand that was turned away, after a while.
func (m *model) again(number int32) {
	m.engine.Arm(m.engine.Delay(mailRepeat), NewEvent(errandKind, number))
}

func (m *model) repeatErrand(number int32) {
	r := &m.requests[number]
	hop := m.steps[r.step].route[r.hop]
	m.visit(number, hop.station, m.work(r, hop))
}

// deliver is a mail that the mail server has taken. A mistyped address swallows it, a full mailbox
// refuses it, and nobody looks into the spam folder.
func (m *model) deliver(r *request, hop *hop) {
	s := &m.sessions[r.session]
	if !m.mails(hop) || s.generation != r.generation {
		return
	}
	if m.people.Traits(r.person).HasAny(population.MistypedEmail | population.FullMailbox | population.SpamFolder) {
		return
	}
	stream := m.config.Seed.Stream(deliveryPurpose, r.person, 0, int(s.mails))
	at := m.engine.now + m.config.Calls[hop.To].Delivery.Draw(&stream)
	if !s.arrives || at < s.mailAt {
		s.arrives, s.mailAt = true, at
	}
}

// deliveryPurpose is that of the mock of mail, so that both deliver alike.
var deliveryPurpose = workload.NewPurpose("mocks.delivery")
