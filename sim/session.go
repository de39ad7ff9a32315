package sim

import (
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
)

// session is one person's walk and what the service knows about the person. It holds what nearly every event
// touches, in one cache line of 64 bytes. State that is needed only during a request is in the [request]. The rest
// is in an [aside].
type session struct {
	walk       journey.Walk
	request    int32 // under way, or -1
	generation uint32
	room       int16 // the gate of the place in the aside, counted from 1; 0 means none
	marks      marks
	look       uint16 // index of the poll or mailbox check within the current attempt
}

// marks is the set of flags of a session.
type marks uint16

// The marks of a session.
const (
	lead       marks = 1 << iota // a step before the scheduled one, walked beside the person's main walk
	fresh                        // no request was sent yet
	leaves                       // the person leaves when their patience ends
	enters                       // the first attempt at the step
	mistyped                     // the request holds a typing error
	verified                     // the link was used
	identified                   // the NIK was verified
	eligible
	joined
	deferred // the service deferred the request, see aside.accepted
	inside   // the place in the waiting room has reached its turn
	handedIn // the motivation test was submitted, see aside.due
	ticketed // a TLS session can be resumed
)

func (m marks) has(mark marks) bool { return m&mark != 0 }

// put sets or clears a mark.
func (m *marks) put(mark marks, is bool) {
	*m &^= mark
	if is {
		*m |= mark
	}
}

// aside is the part of a session that is seldom needed. It fills one cache line too.
type aside struct {
	parcels  [parcels]parcel
	accepted time.Duration // when the service deferred the request
	due      time.Duration // when the score of the motivation test is ready
}

// expect opens the sessions of the caller who is due, and schedules the next caller.
func (m *model) expect() {
	caller := m.callers[0]
	m.callers = m.callers[1:]
	m.awaitCaller()
	caller.At = m.config.Arrival(m.people, caller)
	if m.acted {
		m.announce(m.journey.Comes(caller))
		return
	}
	m.arrive(caller)
}

// arrive opens the sessions of a caller.
func (m *model) arrive(caller journey.Caller) {
	if caller.Visitor {
		slot := m.takeSession()
		walk, action := m.journey.Look(caller.Person, m.journey.First(caller.Person), caller.At, m.tracks.Of(slot))
		m.open(slot, 0, walk, action)
		return
	}
	m.leads = m.journey.Leads(caller.Person, caller.At, m.leads[:0])
	for _, before := range m.leads {
		slot := m.takeSession()
		walk, action := m.journey.Look(caller.Person, before.Step, before.At, m.tracks.Of(slot))
		m.open(slot, lead, walk, action)
	}
	slot := m.takeSession()
	walk, action := m.journey.Begin(caller.Person, caller.At, m.tracks.Of(slot))
	m.open(slot, 0, walk, action)
}

func (m *model) awaitCaller() {
	if len(m.callers) == 0 {
		m.callers, _ = m.blocks()
	}
	if len(m.callers) > 0 {
		m.engine.At(m.callers[0].Opens, NewEvent(callerKind, 0))
	}
}

// takeSession returns a free session.
func (m *model) takeSession() int32 {
	if n := len(m.freeSessions); n > 0 {
		slot := m.freeSessions[n-1]
		m.freeSessions = m.freeSessions[:n-1]
		return slot
	}
	m.sessions, m.asides = append(m.sessions, session{}), append(m.asides, aside{})
	return int32(len(m.sessions) - 1)
}

func (m *model) open(slot int32, is marks, walk journey.Walk, action journey.Action) {
	s := &m.sessions[slot]
	s.walk, s.request, s.generation, s.room, s.marks = walk, -1, s.generation+1, 0, is|fresh
	s.look = 0
	m.asides[slot] = aside{}
	if len(m.shelves) > 0 {
		m.forget(slot)
	}
	m.plan(slot, action)
}

// plan schedules the person's next action, or closes the session.
func (m *model) plan(slot int32, action journey.Action) {
	s := &m.sessions[slot]
	if action.Done {
		if !s.marks.has(lead) && m.crowd != nil {
			m.crowd.Finished(m.engine.now)
		}
		s.generation++
		m.freeSessions = append(m.freeSessions, slot)
		if !s.marks.has(lead) && m.config.Closed.People > 0 {
			m.follow()
		}
		return
	}
	s.marks.put(leaves, action.Leaves)
	s.marks.put(enters, action.Enters)
	s.marks.put(mistyped, action.Mistyped)
	m.engine.At(action.At, NewEvent(actKind, slot))
}

// through tells the observer that a person has passed the last step of their walk, if they have.
func (m *model) through(s *session, result journey.Result) {
	if result.Through && m.moves != nil && !s.marks.has(lead) {
		m.moves.Move(int(s.walk.Step), funnel.Nowhere, true)
	}
}

// visits tells the observer that a person begins a visit to a step.
func (m *model) visits(slot int32, s *session) {
	if s.walk.Round == 0 {
		m.observer.Enter(int(s.walk.Step), s.walk.Intended)
	}
	if m.moves == nil {
		return
	}
	if s.walk.Round > 0 {
		m.moves.Again(int(s.walk.Step), s.walk.Intended)
	}
	track := m.tracks.Of(slot)
	m.moves.Move(track.From(), int(s.walk.Step), track.IsFirst())
}

// act performs a person's action: it sends a request or checks the mailbox.
func (m *model) act(slot int32) {
	s := &m.sessions[slot]
	if s.marks.has(enters) {
		m.visits(slot, s)
	}
	if s.marks&(fresh|lead) == fresh && m.crowd != nil {
		m.crowd.Scheduled(s.walk.Scheduled())
		m.crowd.Started()
	}
	s.marks &^= fresh
	if m.steps[s.walk.Step].awaits {
		m.reach(slot, s)
		return
	}
	m.send(slot, s)
}

// watch schedules the end of the person's wait for a request that began at a moment. It does nothing if the
// request has been answered since, as most have.
func (m *model) watch(slot, number int32, began moment) {
	s := &m.sessions[slot]
	if s.request != number || m.requests[number].accepted {
		return
	}
	switch r, until := &m.requests[number], m.waitsUntil(s, began.at); {
	case until == never:
	case s.marks.has(leaves):
		r.patience = m.engine.scheduleSince(began, until-began.at, NewEvent(timeoutKind, slot))
	default:
		r.watch = m.engine.armSince(began, m.steps[s.walk.Step].delay, NewEvent(timeoutKind, slot))
	}
}

// waitsUntil returns when the person stops waiting for a request that begins at an instant.
func (m *model) waitsUntil(s *session, began time.Duration) time.Duration {
	step := &m.steps[s.walk.Step]
	switch left := s.marks.has(leaves); {
	case left && s.walk.Patience() > 0:
		return began + s.walk.Patience()
	case !left && step.timeout > 0:
		return began + step.timeout
	}
	return never
}

// timedOut ends a person's wait. The service continues to work on the request, unless the request still waits and
// the connection is closed.
func (m *model) timedOut(slot int32) {
	s := &m.sessions[slot]
	r := &m.requests[s.request]
	r.left = true
	if r.accepted { // the service still works on it
		s.request = -1
		m.answered(slot, unknownYet, pending.status)
		return
	}
	outcome := funnel.TimedOut
	if s.marks.has(leaves) {
		outcome = funnel.Abandoned
		if !m.steps[s.walk.Step].silent {
			r.closed = true
			m.withdraw(s.request)
		}
	}
	s.request = -1
	m.answered(slot, journey.Answer{Outcome: outcome}, funnel.ReasonTimeout)
}

// stopWatch removes the limit of the person's wait for a request.
func (m *model) stopWatch(r *request) {
	if r.watch != 0 {
		m.engine.Disarm(m.steps[r.step].delay, r.watch)
	}
	m.engine.Revoke(r.patience)
	r.watch, r.patience = 0, Handle{}
}

// answered advances the walk by one answer, as the load generator does.
func (m *model) answered(slot int32, answer journey.Answer, reason funnel.Reason) {
	s := &m.sessions[slot]
	ended, end := attemptOf(&s.walk), m.engine.now
	if s.marks.has(deferred) { // the wait for the answer ended then
		s.marks &^= deferred
		end = m.asides[slot].accepted
	}
	result, next := m.journey.Next(&s.walk, m.tracks.Of(slot), answer, m.engine.now)
	if s.look++; result.Ended {
		s.look = 0
		m.observe(ended, result, reason, end)
		m.through(s, result)
	}
	m.plan(slot, next)
}

// reach delays the check of the mailbox by the time of the exchange.
func (m *model) reach(slot int32, s *session) {
	if delay := m.beside(s); delay > 0 {
		m.engine.After(delay, NewEvent(lookKind, slot))
		return
	}
	m.look(slot, s)
}

// look checks the mailbox or the phone once.
func (m *model) look(slot int32, s *session) {
	now := m.engine.now
	if p := &m.asides[slot].parcels[m.steps[s.walk.Step].way]; p.arrives && p.at <= now {
		m.answered(slot, journey.Answer{Outcome: funnel.Completed}, 200)
		return
	}
	ended := attemptOf(&s.walk)
	result, next := m.journey.Next(&s.walk, m.tracks.Of(slot), unknownYet, now)
	if s.look++; result.Ended {
		s.look = 0
		m.observe(ended, result, 404, now)
		m.through(s, result)
	} else if at, known := m.nextMail(slot); known {
		next = m.journey.LookLater(&s.walk, next, at)
	}
	m.plan(slot, next)
}

// nextMail returns when the next message arrives, if that is known. Earlier checks then need no events.
func (m *model) nextMail(slot int32) (time.Duration, bool) {
	s := &m.sessions[slot]
	way := m.steps[s.walk.Step].way
	if p := &m.asides[slot].parcels[way]; p.arrives {
		return p.at, true
	}
	return never, way == byMail && m.people.Traits(s.walk.Person).HasAny(undeliverable)
}

const never time.Duration = 1<<63 - 1

// attempt holds the data of a sample after the walk has moved on.
type attempt struct {
	person   uint64
	intended time.Duration
	step     int16
	number   int16
	round    int16
}

func attemptOf(walk *journey.Walk) attempt {
	return attempt{walk.Person, walk.Intended, walk.Step, walk.Attempt, walk.Round}
}

func (m *model) observe(a attempt, result journey.Result, reason funnel.Reason, end time.Duration) {
	m.observer.Observe(funnel.Sample{
		Session: a.person, Step: int(a.step), Attempt: int(a.number), Round: uint16(a.round),
		Intended: a.intended, Start: a.intended, End: end,
		Outcome: result.Outcome, Reason: reason, Final: result.Final,
	})
}
