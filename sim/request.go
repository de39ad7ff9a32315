package sim

import (
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// request is one request on its route, or an errand that a request left to a dependency.
type request struct {
	person     uint64
	session    int32
	generation uint32 // of the session, when the request set out
	attempt    int32
	step       int16
	hop        int16
	passed     int8 // doors
	job        Job
	held       Job              // a station whose server it keeps until its end
	handed     int16            // an errand: how often it was handed over
	calls      int32            // under one hop, that came to nothing
	look       uint16           // of the attempt, where the answer is looked for more than once
	epoch      resilience.Epoch // of the guard, when the call under way began
	since      time.Duration    // an errand: when it was left; one that will be worked off later: the person's first look
	answer     reply            // that the person has yet to see
	timeout    Alarm            // of the call under way
	watch      Alarm            // after which the person does not wait, where that is the step's own timeout
	patience   Handle           // likewise, where it is the person's
	mistyped   bool
	left       bool              // the person does not wait any longer
	closed     bool              // nor does the connection, so the request leaves where it would have to wait
	ticket     resilience.Ticket // of the gate that it waits at; 0 means none
	errand     bool
	fetching   bool // others wait for the answer to this call
	accepted   bool // the person was told that it will be worked off later
}

// send lets a request set out.
func (m *model) send(slot int32, s *session) {
	number := m.takeRequest()
	r := &m.requests[number]
	*r = request{} // and field by field: a literal would be made elsewhere and copied
	r.person, r.session, r.generation, r.attempt, r.step = s.walk.Person, slot, s.generation, int32(s.walk.Attempt), s.walk.Step
	r.hop, r.job, r.held, r.mistyped, r.look = -1, noJob, noJob, s.marks.has(mistyped), s.look
	s.request = number
	began := m.engine.moment()
	if delay := m.beside(s); delay > 0 {
		m.engine.After(delay, NewEvent(departKind, number))
	} else {
		m.knock(number, m.waitsUntil(s, began.at))
	}
	m.watch(slot, number, began)
}

var besidePurpose = workload.NewPurpose("sim/beside")

// beside draws what an exchange takes beside its route.
func (m *model) beside(s *session) time.Duration {
	step := &m.steps[s.walk.Step]
	if step.beside.IsZero() {
		return 0
	}
	stream := m.config.Seed.Stream(besidePurpose, s.walk.Person, step.key, drawKey(s.walk.Attempt, 0, s.look))
	return step.beside.Draw(&stream)
}

// knock brings a request to the next door in front of the service; behind the last its route begins.
// Where nothing else is left to do in this instant, free is the first in which something not yet
// scheduled may happen, else 0.
func (m *model) knock(number int32, free time.Duration) {
	for {
		r := &m.requests[number]
		doors := m.steps[r.step].doors
		if int(r.passed) == len(doors) {
			m.advance(number, free)
			return
		}
		if m.enterGate(number, doors[r.passed]) != resilience.Admitted {
			return
		}
		r.passed++
	}
}

func (m *model) takeRequest() int32 {
	if n := len(m.freeRequests); n > 0 {
		number := m.freeRequests[n-1]
		m.freeRequests = m.freeRequests[:n-1]
		return number
	}
	m.requests = append(m.requests, request{})
	return int32(len(m.requests) - 1)
}

// advance takes a request to its next hop, or answers it. It passes stations that serve it before
// anything else happens; see knock for free.
func (m *model) advance(number int32, free time.Duration) {
	for {
		r := &m.requests[number]
		r.hop, r.calls = r.hop+1, 0
		route := m.steps[r.step].route
		if int(r.hop) >= len(route) {
			m.finish(number, m.complete(r))
			return
		}
		switch hop := route[r.hop]; hop.Kind {
		case AtStation:
			work := m.work(r, hop)
			if m.engine.now+work >= free || !m.floor.pass(hop.station, work) {
				m.visit(number, hop.station, work)
				return
			}
			if r.left {
				m.floor.stations[hop.station].stats.wasted++
			}
			if m.decide(number, hop) {
				return
			}
		case Call:
			m.call(number, hop)
			return
		default:
			m.leaveErrand(r, hop)
		}
	}
}

// work draws the service that a request needs at a hop. Plans share the draw, and no draw is used twice: a later look,
// a repeated call and a second stop at the same place each have their own.
func (m *model) work(r *request, hop *hop) time.Duration {
	station := m.floor.stations[hop.station]
	if hop.work.family == constantFamily {
		return station.Degraded(time.Duration(hop.work.mean))
	}
	stream := hop.chance.Of(r.person, m.steps[r.step].key, r.drawKey())
	return station.Degraded(hop.work.draw(&stream))
}

// drawKey numbers what a request draws at one stop of its route. The first look and the first call have the number of
// the attempt alone.
func (r *request) drawKey() int { return drawKey(int16(r.attempt), r.calls, r.look) }

func drawKey(attempt int16, calls int32, look uint16) int {
	return int(attempt) + int(calls)<<16 + int(look)<<48
}

// visit brings a request to a station.
func (m *model) visit(number int32, station int, work time.Duration) {
	job, why := m.floor.Enter(station, number, m.class(&m.requests[number]), work)
	if why != Taken {
		m.refused(number, why)
		return
	}
	r := &m.requests[number]
	if r.job = job; r.closed {
		m.withdraw(number)
	}
}

// class is the priority of a request: those of people past the step that people are scheduled at go first.
func (m *model) class(r *request) uint8 {
	if m.past(r) {
		return 0
	}
	return 1
}

// past reports whether a person is past the step that people are scheduled at.
func (m *model) past(r *request) bool { return int(r.step) > m.config.Journey.Arrival }

// Served implements [Client].
func (m *model) Served(number int32, job Job) {
	if number == nobody {
		m.relinquish(job)
		return
	}
	r := &m.requests[number]
	r.job = noJob
	hop := m.steps[r.step].route[r.hop]
	station := m.floor.stations[hop.station]
	if r.left {
		station.stats.wasted++
	}
	switch {
	case r.errand:
		m.deliver(r, hop)
		m.freeRequests = append(m.freeRequests, number)
		return
	case hop.Kind == Call:
		m.called(number, hop)
		return
	case station.Holding:
		r.held = job
	}
	if !m.decide(number, hop) {
		m.advance(number, 0)
	}
}

// relinquish frees a server that nobody is to hold.
func (m *model) relinquish(job Job) {
	if place := &m.floor.jobs.table[job]; place.state == jobHolding {
		m.floor.Release(job)
	}
}

// Refused implements [Client].
func (m *model) Refused(number int32, why Refusal) {
	if number == nobody {
		return
	}
	m.requests[number].job = noJob
	m.refused(number, why)
}

// refused answers a request that a station turned away.
func (m *model) refused(number int32, why Refusal) {
	r := &m.requests[number]
	hop := m.steps[r.step].route[r.hop]
	switch {
	case r.errand:
		m.again(number)
	case hop.Kind == Call:
		retry := registryRetry
		if why == QuotaUsedUp && m.config.Calls[hop.To].Role == Dukcapil {
			retry = quotaRetry
		}
		m.endCall(number, hop)
		m.callFailed(number, true, retry)
	default:
		m.finish(number, reply{funnel.Rejected, 503, 0})
	}
}

// reply is what the service answers.
type reply struct {
	outcome    funnel.Outcome
	status     funnel.Reason
	retryAfter time.Duration
}

// busy answers 503 with a Retry-After in whole seconds, at least one, as the service does.
func (m *model) busy(number int32, retryAfter time.Duration) {
	m.finish(number, reply{funnel.Rejected, 503, min(wholeSeconds(retryAfter), time.Hour)})
}

func wholeSeconds(retryAfter time.Duration) time.Duration {
	return (max(retryAfter, time.Second) + time.Second - 1) / time.Second * time.Second
}

// finish ends a request and tells the person, if they still wait.
func (m *model) finish(number int32, reply reply) {
	r := &m.requests[number]
	left := r.left
	if !left {
		m.stopWatch(r)
	}
	if r.held != noJob {
		m.floor.Release(r.held)
	}
	for _, door := range m.steps[r.step].doors[:r.passed] {
		m.leaveGate(door)
	}
	if left {
		m.freeRequests = append(m.freeRequests, number)
		return
	}
	r = &m.requests[number] // who was let in through a door may have moved the table
	if r.accepted && m.steps[r.step].polls {
		r.answer = reply
		next := m.journey.LookLater(&m.sessions[r.session].walk, journey.Action{At: r.since}, m.engine.now)
		m.engine.At(next.At, NewEvent(hearKind, number))
		return
	}
	m.tell(number, reply)
}

// tell gives a person who waits the answer.
func (m *model) tell(number int32, reply reply) {
	slot := m.requests[number].session
	m.freeRequests = append(m.freeRequests, number)
	m.sessions[slot].request = -1
	m.answered(slot, journey.Answer{Outcome: reply.outcome, Pending: reply == pending, RetryAfter: reply.retryAfter}, reply.status)
}

// withdraw takes a request whose connection is closed out of the queue that it waits in, if it does. A call that others
// wait for, or that a guard counts, goes on.
func (m *model) withdraw(number int32) {
	r := &m.requests[number]
	switch {
	case r.ticket != 0:
		m.cancel(r)
	case r.job == noJob || m.shared(r) || !m.floor.Withdraw(r.job):
		return
	default:
		r.job = noJob
		if hop := m.steps[r.step].route[r.hop]; hop.Kind == Call {
			m.endCall(number, hop)
		}
	}
	m.finish(number, reply{})
}

// shared reports whether a request makes a call that is not its own alone.
func (m *model) shared(r *request) bool {
	hop := m.steps[r.step].route[r.hop]
	if hop.Kind != Call || m.outlets[hop.To] == nil {
		return false
	}
	return r.fetching || m.outlets[hop.To].guard != nil
}
