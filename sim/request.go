package sim

import (
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// request is one request on its route, or an errand that a request handed to a dependency.
type request struct {
	person     uint64
	session    int32
	generation uint32 // of the session, when the request was sent
	attempt    int32
	step       int16
	hop        int16
	passed     int8 // number of doors passed
	round      int16
	job        Job
	held       Job              // at a station whose server the request keeps until its end
	visit      int32            // in the calls of dependencies: number of the hop whose target works on it; 0 means that it is a person's
	caller     int32            // of a visit: the request or visit that waits for it, or nobody
	callee     int32            // the visit that it waits for, counted from 1; 0 means none
	made       int16            // of a visit: calls made
	handed     int16            // an errand: number of attempts to hand it over
	calls      int32            // failed calls of the current hop
	look       uint16           // number of the poll within the attempt
	epoch      resilience.Epoch // of the guard, when the current call began
	since      time.Duration    // an errand: when it was created; a deferred request: the person's first poll
	answer     reply            // that the person has not seen yet
	timeout    Alarm            // of the current call
	watch      Alarm            // when the person stops waiting, if the step's timeout sets it
	patience   Handle           // when the person stops waiting, if their patience sets it
	mistyped   bool
	left       bool              // the person no longer waits
	closed     bool              // the connection is closed too, so the request is withdrawn if it has to wait
	ticket     resilience.Ticket // of the gate at which it waits; 0 means none
	errand     bool
	fetching   bool // other requests wait for the answer to this call
	accepted   bool // the person was told that the request is deferred
}

// send starts a request.
func (m *model) send(slot int32, s *session) {
	number := m.takeRequest()
	r := &m.requests[number]
	*r = request{} // set field by field: a literal would be built elsewhere and copied
	r.person, r.session, r.generation, r.attempt, r.step = s.walk.Person, slot, s.generation, int32(s.walk.Attempt), s.walk.Step
	r.round = s.walk.Round
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

// beside draws the time of an exchange outside its route.
func (m *model) beside(s *session) time.Duration {
	step := &m.steps[s.walk.Step]
	if step.beside.IsZero() {
		return 0
	}
	stream := m.config.Seed.Stream(besidePurpose, s.walk.Person, step.key.Round(int(s.walk.Round)), drawKey(s.walk.Attempt, 0, s.look))
	return step.beside.Draw(&stream)
}

// knock brings a request to the next door in front of the service. After the last door, its route begins. free is
// the first instant at which something not yet scheduled may happen. It is 0 if something else is left to do at
// the current instant.
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

// advance takes a request to its next hop, or answers it. It passes stations that serve the request before
// anything else happens. See knock for free.
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
			if m.hits(number, hop) {
				return
			}
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
		case Wait:
			stream := hop.chance.Of(r.person, m.keyOf(r), r.drawKey())
			m.engine.After(hop.work.draw(&stream), NewEvent(resumeKind, number))
			return
		default:
			m.leaveErrand(r, hop)
		}
	}
}

// work draws the service that a request needs at a hop. Plans share the draw. No draw is used twice: a later poll,
// a retried call and a second stop at the same target each have their own.
func (m *model) work(r *request, hop *hop) time.Duration {
	station := m.floor.stations[hop.station]
	opening := time.Duration(0)
	if hop.Opening != (Opening{}) {
		opening = m.opens(r, hop)
	}
	if hop.work.family == constantFamily {
		return station.Degraded(time.Duration(hop.work.mean) + opening)
	}
	stream := hop.chance.Of(r.person, m.keyOf(r), r.drawKey())
	return station.Degraded(hop.work.draw(&stream) + opening)
}

// keyOf returns the key of the streams of a request's step and round.
func (m *model) keyOf(r *request) workload.Purpose { return m.steps[r.step].key.Round(int(r.round)) }

// drawKey identifies the draws of a request at one stop of its route. The key of the first poll and the first call
// is the number of the attempt.
func (r *request) drawKey() int { return drawKey(int16(r.attempt), r.calls, r.look) }

func drawKey(attempt int16, calls int32, look uint16) int {
	return int(attempt) + int(calls)<<16 + int(look)<<48
}

// visit brings a request to a station.
func (m *model) visit(number int32, station int, work time.Duration) {
	job, why := m.floor.Enter(station, number, m.steps[m.requests[number].step].class, work)
	if why != Taken {
		m.refused(number, why)
		return
	}
	r := &m.requests[number]
	if r.job = job; r.closed {
		m.withdraw(number)
	}
}

// classOf returns the priority of a step's requests: its own, or else people past the scheduled step go first.
func (m *model) classOf(step int) uint8 {
	switch {
	case m.config.Priorities != nil && m.config.Priorities[step] != nil:
		return uint8(*m.config.Priorities[step])
	case m.journey.Past(step):
		return 0
	}
	return 1
}

// past reports whether a person is past the scheduled step.
func (m *model) past(r *request) bool { return m.journey.Past(int(r.step)) }

// Served implements [Client].
func (m *model) Served(number int32, job Job) {
	if number == nobody {
		m.relinquish(job)
		return
	}
	r := &m.requests[number]
	if r.visit != 0 {
		m.servedVisit(number, job)
		return
	}
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

// relinquish frees a held server if no client owns the job.
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
	if m.requests[number].visit != 0 {
		m.endVisit(number, failedCall)
		return
	}
	m.refused(number, why)
}

// refused answers a request that a station rejected.
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

// reply is the service's answer.
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
	r = &m.requests[number] // letting in another request may have moved the table
	if r.accepted && m.steps[r.step].polls {
		r.answer = reply
		next := m.journey.LookLater(&m.sessions[r.session].walk, journey.Action{At: r.since}, m.engine.now)
		m.engine.At(next.At, NewEvent(hearKind, number))
		return
	}
	m.tell(number, reply)
}

// tell gives the answer to a person who waits.
func (m *model) tell(number int32, reply reply) {
	slot := m.requests[number].session
	m.freeRequests = append(m.freeRequests, number)
	m.sessions[slot].request = -1
	m.answered(slot, journey.Answer{Outcome: reply.outcome, Pending: reply == pending, RetryAfter: reply.retryAfter}, reply.status)
}

// withdraw removes a request with a closed connection from the queue in which it waits, if any. A call that other
// requests wait for, or that a guard counts, continues.
func (m *model) withdraw(number int32) {
	r := &m.requests[number]
	switch {
	case r.ticket != 0:
		m.cancel(r)
	case r.callee != 0:
		if m.shared(r) || !m.withdrawVisit(r) {
			return
		}
		m.endCall(number, m.steps[r.step].route[r.hop])
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

// shared reports whether a request makes a call that also matters to other requests.
func (m *model) shared(r *request) bool {
	hop := m.steps[r.step].route[r.hop]
	if hop.Kind != Call || m.outlets[hop.To] == nil {
		return false
	}
	return r.fetching || m.outlets[hop.To].guard != nil
}
