package sim

import (
	"time"

	"github.com/ombak-sim/ombak/fault"
	"github.com/ombak-sim/ombak/workload"
)

// When the service tells people to come back to a registry in trouble, as the reference backend does.
const (
	registryRetry = 5 * time.Second
	quotaRetry    = time.Minute
)

// call makes a call, through the gate where there is one.
func (m *model) call(number int32, hop *hop) {
	if m.gates[hop.To] == nil || m.enterGate(number, hop.To) {
		m.dial(number, hop)
	}
}

// dial makes the call: the dependency works on it while a timeout runs.
func (m *model) dial(number int32, hop *hop) {
	r := &m.requests[number]
	dependency := &m.config.Calls[hop.To]
	m.calling[hop.To]++
	if dependency.Timeout > 0 {
		r.timeout = m.engine.Arm(hop.delay, NewEvent(callTimeoutKind, number))
	}
	if dependency.Connections > 0 && m.calling[hop.To] > dependency.Connections {
		m.failCall(number, hop)
		return
	}
	work := m.work(r, hop)
	if len(dependency.Faults) > 0 && !m.suffer(number, hop, m.befalls(hop), &work) {
		return
	}
	m.visit(number, hop.station, work)
}

var faultPurpose = workload.NewPurpose("sim/fault")

// befalls is what befalls a dependency now. Its station learns what is left of its quota.
func (m *model) befalls(hop *hop) fault.Effect {
	effect := m.config.Calls[hop.To].Faults.At(m.config.Journey.Clock.Scenario(m.engine.now))
	m.floor.stations[hop.station].CutQuota(effect.Quota)
	return effect
}

// slowed is the work of a request at a dependency that suffers.
func slowed(work time.Duration, effect fault.Effect) time.Duration {
	if effect.Capacity < 1 {
		work = time.Duration(float64(work) / max(effect.Capacity, 1e-6))
	}
	return work + effect.Delay
}

// struck draws whether one request is of the share that an effect touches.
func (m *model) struck(r *request, hop *hop, share float64) bool {
	if share == 0 {
		return false
	}
	stream := m.config.Seed.Stream(faultPurpose^hop.purpose, r.person, m.steps[r.step].key, int(r.attempt)+int(r.handed)<<16)
	return stream.Chance(share)
}

// suffer applies what befalls a dependency to one call; false where the call gets no further.
func (m *model) suffer(number int32, hop *hop, effect fault.Effect, work *time.Duration) bool {
	r := &m.requests[number]
	*work = slowed(*work, effect)
	if !m.struck(r, hop, effect.Share) {
		return true
	}
	if effect.Outcome == fault.Error || r.timeout == 0 { // silence without a timeout would hold the request for ever
		m.failCall(number, hop)
	}
	return false
}

// failCall answers a call that brought an error at once.
func (m *model) failCall(number int32, hop *hop) {
	m.endCall(number, hop)
	m.busy(number, registryRetry)
}

// endCall stops the timeout and gives the place at the gate to the next.
func (m *model) endCall(number int32, hop *hop) {
	r := &m.requests[number]
	if r.timeout != 0 {
		m.engine.Disarm(hop.delay, r.timeout)
		r.timeout = 0
	}
	m.calling[hop.To]--
	m.leaveGate(hop.To)
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
	m.calling[hop.To]--
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
