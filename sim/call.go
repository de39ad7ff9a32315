package sim

import (
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// The Retry-After that the service sends if a registry fails. The values are those of the reference backend.
const (
	registryRetry = 5 * time.Second
	quotaRetry    = time.Minute
)

// outlet holds the policies in front of a dependency's calls, apart from the gate. A nil field means no such
// policy.
type outlet struct {
	cache    *resilience.Cache[uint64, struct{}, int32]
	deferred *resilience.DeferConfig
	guard    resilience.Guard
	repeater resilience.Repeater
}

// newOutlet returns nil if the calls have no policy apart from a gate.
func newOutlet(config protection) *outlet {
	o := outlet{deferred: config.deferred}
	if config.cache != nil {
		o.cache = resilience.NewCache[uint64, struct{}, int32](*config.cache)
	}
	if config.guard != nil {
		o.guard = config.guard.Guard()
	}
	if config.repeats != nil {
		o.repeater = config.repeats.Repeater()
	}
	if o == (outlet{}) {
		return nil
	}
	return &o
}

// call makes a call, unless the cache holds its answer or another request is fetching it.
func (m *model) call(number int32, hop *hop) {
	if o := m.outlets[hop.To]; o != nil {
		r := &m.requests[number]
		if o.repeater != nil {
			o.repeater.First()
		}
		if o.cache != nil {
			_, lookup := o.cache.Look(r.question(), number, m.engine.now)
			if lookup == resilience.Hit {
				m.replied(number, hop)
			}
			if lookup != resilience.Fetch {
				return
			}
			r.fetching = true
		}
	}
	m.try(number)
}

// question is the cache key of a request: the person, and whether the request holds the person's typing error.
func (r *request) question() uint64 {
	if r.mistyped {
		return r.person<<1 | 1
	}
	return r.person << 1
}

// try brings a call to the dependency's gate, if it has one.
func (m *model) try(number int32) {
	r := &m.requests[number]
	hop := m.steps[r.step].route[r.hop]
	verdict := resilience.Admitted
	if m.gates[hop.To] != nil {
		verdict = m.enterGate(number, hop.To)
	}
	if o := m.outlets[hop.To]; o != nil && o.deferred != nil && verdict != resilience.Rejected {
		m.accept(number)
	}
	if verdict == resilience.Admitted {
		m.dial(number, hop)
	}
}

// accept acknowledges the request and defers its work. The person stops waiting. They learn the result when it is
// ready or, if the step polls, at their next poll.
func (m *model) accept(number int32) {
	r := &m.requests[number]
	if r.accepted || r.left {
		return
	}
	r.accepted = true
	s := &m.sessions[r.session]
	m.stopWatch(r)
	s.marks |= deferred
	m.asides[r.session].accepted = m.engine.now
	if m.steps[r.step].polls {
		m.lookOut(r, s)
	}
	doors := m.steps[r.step].doors[:r.passed]
	held := r.held
	r.passed, r.held = 0, noJob
	if held != noJob {
		m.floor.Release(held)
	}
	for _, door := range doors {
		m.leaveGate(door)
	}
}

// lookOut schedules the person's polls for the outcome, until their patience ends.
//
// Note: polls that find no result are not simulated as requests. They would be most of the events of a surge, and
// cost the service little.
func (m *model) lookOut(r *request, s *session) {
	if patience := s.walk.Patience(); patience > 0 {
		end := s.walk.Intended + patience
		r.patience = m.engine.Schedule(max(end, m.engine.now), NewEvent(timeoutKind, r.session))
		if end <= m.engine.now {
			return
		}
	}
	_, next := m.journey.Next(&s.walk, m.tracks.Of(r.session), unknownYet, m.engine.now)
	r.since = next.At
}

// unknownYet is the answer to a poll before the outcome is known.
var unknownYet = journey.Answer{Outcome: funnel.Completed, Pending: true}

// dial makes the call. The dependency starts to work and the timeout starts to run.
func (m *model) dial(number int32, hop *hop) {
	r := &m.requests[number]
	if o := m.outlets[hop.To]; o != nil && o.guard != nil {
		epoch, wait, ok := o.guard.Allow(m.engine.now)
		if !ok {
			m.leaveGate(hop.To)
			m.callFailed(number, false, wait)
			return
		}
		r.epoch = epoch
	}
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
	if len(m.faults[hop.To]) > 0 && !m.applyFault(number, hop, m.faultNow(hop), &work) {
		return
	}
	m.attend(number, hop, work)
}

// callFailed handles a failed call. If asked is false, the dependency was not called. The call is retried if the
// policies allow it. Otherwise, the person is rejected.
func (m *model) callFailed(number int32, asked bool, retryAfter time.Duration) {
	r := &m.requests[number]
	hop := m.steps[r.step].route[r.hop]
	o := m.outlets[hop.To]
	if o == nil {
		m.busy(number, retryAfter)
		return
	}
	r.calls++
	if asked && o.guard != nil {
		o.guard.Done(m.engine.now, r.epoch, false)
	}
	if asked && o.repeater != nil {
		if pause, again := o.repeater.Again(int(r.calls), retryAfter); again {
			m.engine.After(pause, NewEvent(againKind, number))
			return
		}
	}
	if r.accepted {
		m.engine.After(o.deferred.Again(int(r.calls)), NewEvent(againKind, number))
		return
	}
	question, fetching := r.question(), r.fetching
	r.fetching = false
	m.busy(number, retryAfter)
	if fetching {
		for _, waiting := range o.cache.Fail(question) {
			m.busy(waiting, retryAfter)
		}
	}
}

var faultPurpose = workload.NewPurpose("sim/fault")

// faultNow returns the effect of the dependency's faults now and applies it to the station's quota.
func (m *model) faultNow(hop *hop) fault.Effect {
	effect := m.faults[hop.To].At(m.config.Journey.Clock.Scenario(m.engine.now))
	m.floor.stations[hop.station].CutQuota(effect.Quota)
	return effect
}

// slowed returns the work of a request under a fault.
func slowed(work time.Duration, effect fault.Effect) time.Duration {
	if effect.Capacity < 1 {
		work = time.Duration(float64(work) / max(effect.Capacity, 1e-6))
	}
	return work + effect.Delay
}

// hitByFault draws whether a fault hits this request.
func (m *model) hitByFault(r *request, hop *hop, share float64) bool {
	if share == 0 {
		return false
	}
	stream := m.config.Seed.Stream(faultPurpose^hop.purpose, r.person, m.keyOf(r), r.drawKey()+int(r.handed)<<16)
	return stream.Chance(share)
}

// applyFault applies a fault to one call and reports whether the call continues.
func (m *model) applyFault(number int32, hop *hop, effect fault.Effect, work *time.Duration) bool {
	r := &m.requests[number]
	*work = slowed(*work, effect)
	if !m.hitByFault(r, hop, effect.Share) {
		return true
	}
	if effect.Outcome == fault.Error || r.timeout == 0 { // without a timeout, a lost answer would hold the request forever
		m.failCall(number, hop)
	}
	return false
}

// failCall ends a call that returned an error at once.
func (m *model) failCall(number int32, hop *hop) {
	m.endCall(number, hop)
	m.callFailed(number, true, registryRetry)
}

// endCall stops the timeout and releases the place at the gate.
func (m *model) endCall(number int32, hop *hop) {
	r := &m.requests[number]
	if r.timeout != 0 {
		m.engine.Disarm(hop.delay, r.timeout)
		r.timeout = 0
	}
	m.calling[hop.To]--
	m.leaveGate(hop.To)
}

// callTimedOut abandons a call. The dependency continues to work on it.
func (m *model) callTimedOut(number int32) {
	r := &m.requests[number]
	if r.visit != 0 {
		m.giveUpVisit(number)
		return
	}
	hop := m.steps[r.step].route[r.hop]
	if r.callee != 0 {
		m.requests[r.callee-1].caller, r.callee = nobody, 0
	}
	if r.job != noJob {
		if m.floor.jobs.table[r.job].state == jobServing {
			m.take(hop) // the dependency will answer, though nobody waits
		}
		m.floor.Leave(r.job)
		r.job = noJob
	}
	r.timeout = 0
	m.calling[hop.To]--
	m.leaveGate(hop.To)
	m.callFailed(number, true, registryRetry)
}

// called handles a call that the dependency answered.
func (m *model) called(number int32, hop *hop) {
	if m.take(hop) {
		m.settle(number, hop, accepted)
	} else {
		m.settle(number, hop, m.soldOut(hop))
	}
}

// settle ends a call that was answered. Any answer but accepted declines the request.
func (m *model) settle(number int32, hop *hop, answer reply) {
	m.endCall(number, hop)
	if o := m.outlets[hop.To]; o != nil {
		r := &m.requests[number]
		if o.guard != nil {
			o.guard.Done(m.engine.now, r.epoch, true) // a call that was declined has been answered too
		}
		if r.fetching {
			r.fetching = false
			m.share(r.question(), hop, answer)
		}
	}
	m.hear(number, hop, answer)
}

// share continues the requests that waited for the answer to another one's call. Only what is accepted is kept.
func (m *model) share(question uint64, hop *hop, answer reply) {
	var waiting []int32
	if cache := m.outlets[hop.To].cache; answer == accepted {
		waiting = cache.Store(question, struct{}{}, m.engine.now)
	} else {
		waiting = cache.Fail(question)
	}
	for _, number := range waiting {
		m.hear(number, hop, answer)
	}
}

// hear continues a request with the answer to a call, or declines it.
func (m *model) hear(number int32, hop *hop, answer reply) {
	if answer == accepted {
		m.replied(number, hop)
	} else {
		m.finish(number, answer)
	}
}

// replied continues a request with the answer of a dependency.
func (m *model) replied(number int32, hop *hop) {
	if !m.decide(number, hop) {
		m.advance(number, 0)
	}
}
