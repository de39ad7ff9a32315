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

// outlet is an Outlet made ready.
type outlet struct {
	Outlet
	cache   *resilience.Cache[uint64, struct{}, int32]
	breaker *resilience.Breaker
	budget  *resilience.Budget
}

// newOutlet returns nil where nothing but a gate protects the calls.
func newOutlet(config Outlet) *outlet {
	if config.Cache == nil && config.Defer == nil && config.Breaker == nil && config.Retry == nil {
		return nil
	}
	o := &outlet{Outlet: config}
	if config.Cache != nil {
		o.cache = resilience.NewCache[uint64, struct{}, int32](*config.Cache)
	}
	if config.Breaker != nil {
		o.breaker = resilience.NewBreaker(*config.Breaker)
	}
	if config.Retry != nil {
		o.budget = resilience.NewBudget(config.Retry.BudgetConfig)
	}
	return o
}

// call makes a call, unless its answer is known or on its way.
func (m *model) call(number int32, hop *hop) {
	if o := m.outlets[hop.To]; o != nil {
		r := &m.requests[number]
		r.calls = 0
		if o.budget != nil {
			o.budget.First()
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

// question is what a request asks a registry: about whom, and whether what it says holds the person's
// typing error.
func (r *request) question() uint64 {
	if r.mistyped {
		return r.person<<1 | 1
	}
	return r.person << 1
}

// try brings a call to the gate, where there is one.
func (m *model) try(number int32) {
	r := &m.requests[number]
	hop := m.steps[r.step].route[r.hop]
	verdict := resilience.Admitted
	if m.gates[hop.To] != nil {
		verdict = m.enterGate(number, hop.To)
	}
	if o := m.outlets[hop.To]; o != nil && o.Defer != nil && verdict != resilience.Rejected {
		m.accept(number)
	}
	if verdict == resilience.Admitted {
		m.dial(number, hop)
	}
}

// accept tells the person that the request is noted and will be worked off: they need not wait, and
// hear of the result when it is there.
func (m *model) accept(number int32) {
	r := &m.requests[number]
	if r.accepted || r.left {
		return
	}
	r.accepted = true
	s := &m.sessions[r.session]
	m.stopWatch(s)
	s.accepted = m.engine.now
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

// dial makes the call: the dependency works on it while a timeout runs.
func (m *model) dial(number int32, hop *hop) {
	r := &m.requests[number]
	if o := m.outlets[hop.To]; o != nil && o.breaker != nil {
		epoch, wait, ok := o.breaker.Allow(m.engine.now)
		if !ok {
			m.leaveGate(hop.To)
			m.callFailed(number, false, wait)
			return
		}
		r.epoch = epoch
	}
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

// callFailed is a call that came to nothing, for the dependency was asked and failed, or was not
// asked. It is tried again where the policies have it so, else the person is turned away.
func (m *model) callFailed(number int32, asked bool, retryAfter time.Duration) {
	r := &m.requests[number]
	hop := m.steps[r.step].route[r.hop]
	o := m.outlets[hop.To]
	if o == nil {
		m.busy(number, retryAfter)
		return
	}
	r.calls++
	if asked && o.breaker != nil {
		o.breaker.Done(m.engine.now, r.epoch, false)
	}
	switch {
	case asked && o.budget != nil && int(r.calls) < o.Retry.Calls && o.budget.Retry():
		m.engine.After(o.Retry.Pause.Again(int(r.calls)), NewEvent(againKind, number))
	case r.accepted:
		m.engine.After(o.Defer.Again(int(r.calls)), NewEvent(againKind, number))
	default:
		question, fetching := r.question(), r.fetching
		r.fetching = false
		m.busy(number, retryAfter)
		if fetching {
			for _, waiting := range o.cache.Fail(question) {
				m.busy(waiting, retryAfter)
			}
		}
	}
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
		m.callFailed(number, true, registryRetry)
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
	m.callFailed(number, true, registryRetry)
}

// called is a call that was answered.
func (m *model) called(number int32, hop *hop) {
	m.endCall(number, hop)
	if o := m.outlets[hop.To]; o != nil {
		r := &m.requests[number]
		if o.breaker != nil {
			o.breaker.Done(m.engine.now, r.epoch, true)
		}
		if r.fetching {
			r.fetching = false
			for _, waiting := range o.cache.Store(r.question(), struct{}{}, m.engine.now) {
				m.replied(waiting, hop)
			}
		}
	}
	m.replied(number, hop)
}

// replied goes on with the answer of a dependency.
func (m *model) replied(number int32, hop *hop) {
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
	errand.errand, errand.left, errand.held, errand.job, errand.passed, errand.accepted = true, false, noJob, noJob, 0, false
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
	if m.people.Traits(r.person).HasAny(undeliverable) {
		return
	}
	stream := m.config.Seed.Stream(deliveryPurpose, r.person, 0, int(s.mails))
	at := m.engine.now + m.config.Calls[hop.To].Delivery.Draw(&stream)
	if !s.arrives || at < s.mailAt {
		s.arrives, s.mailAt = true, at
	}
}

// undeliverable are the people whose mail they never see.
const undeliverable = population.MistypedEmail | population.FullMailbox | population.SpamFolder

// deliveryPurpose is that of the mock of mail, so that both deliver alike.
var deliveryPurpose = workload.NewPurpose("mocks.delivery")
