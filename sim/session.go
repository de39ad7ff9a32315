package sim

import (
	"time"

	"github.com/ombak-sim/ombak/funnel"
	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/resilience"
)

// session is one person's walk, with what the service knows about the person: what nearly every event
// touches, in 96 bytes. The rest is in an [aside], so that a million sessions crowd the processor's
// cache less.
type session struct {
	walk       journey.Walk
	waits      time.Duration // for the answer; 0 means for ever
	request    int32         // under way, or -1
	generation uint32
	timeout    Alarm  // of the request under way, where it is the step's own
	patience   Handle // likewise, where it is the person's
	lead       bool   // a step before the scheduled one, walked beside the person's main walk
	fresh      bool   // nothing was sent yet
	leaves     bool   // running into waits means that the person left
	enters     bool   // the first attempt at the step
	mistyped   bool   // what is sent holds a typing error
	verified   bool   // the link was used
	identified bool   // the NIK was verified
	eligible   bool
	joined     bool
	deferred   bool // the service took what it will work off later, see aside.accepted
}

// aside is what is seldom needed of a session.
type aside struct {
	scheduled time.Duration // when the arrivals name the person
	accepted  time.Duration // when the service took what it will work off later
	parcels   [parcels]parcel
	place     resilience.Place // in a waiting room
	room      int16            // that the place is in, counting gates from 1; 0 means none
	inside    bool             // the place's turn has come
}

// expect makes the sessions of the caller who is due, and waits for the next.
func (m *model) expect() {
	caller := m.caller
	m.awaitCaller()
	caller.At = m.config.Arrival(m.people, caller)
	if caller.Visitor {
		walk, action := m.journey.Look(caller.Person, 0, caller.At)
		m.open(walk, action, false, caller.At)
		return
	}
	m.leads = m.journey.Leads(caller.Person, caller.At, m.leads[:0])
	for _, lead := range m.leads {
		walk, action := m.journey.Look(caller.Person, lead.Step, lead.At)
		m.open(walk, action, true, caller.At)
	}
	walk, action := m.journey.Begin(caller.Person, caller.At)
	m.open(walk, action, false, caller.At)
}

func (m *model) awaitCaller() {
	next, any := m.callers()
	if any {
		m.caller = next
		m.engine.At(next.Opens, NewEvent(callerKind, 0))
	}
}

func (m *model) open(walk journey.Walk, action journey.Action, lead bool, scheduled time.Duration) {
	var slot int32
	if n := len(m.freeSessions); n > 0 {
		slot, m.freeSessions = m.freeSessions[n-1], m.freeSessions[:n-1]
	} else {
		slot = int32(len(m.sessions))
		m.sessions, m.asides = append(m.sessions, session{}), append(m.asides, aside{})
	}
	generation := m.sessions[slot].generation + 1
	m.sessions[slot] = session{walk: walk, request: -1, generation: generation, lead: lead, fresh: true}
	m.asides[slot] = aside{scheduled: scheduled}
	m.plan(slot, action)
}

// plan schedules what the person does next, or closes the session.
func (m *model) plan(slot int32, action journey.Action) {
	s := &m.sessions[slot]
	if action.Done {
		if !s.lead && m.crowd != nil {
			m.crowd.Finished()
		}
		s.generation++
		m.freeSessions = append(m.freeSessions, slot)
		return
	}
	s.waits, s.leaves, s.enters, s.mistyped = action.Timeout, action.Leaves, action.Enters, action.Mistyped
	m.engine.At(action.At, NewEvent(actKind, slot))
}

// act is a person acting: a request sets out, or the mailbox is looked into.
func (m *model) act(slot int32) {
	s := &m.sessions[slot]
	if s.enters {
		m.observer.Enter(int(s.walk.Step), s.walk.Intended)
	}
	if s.fresh && !s.lead && m.crowd != nil {
		m.crowd.Scheduled(m.asides[slot].scheduled)
		m.crowd.Started()
	}
	s.fresh = false
	if m.steps[s.walk.Step].awaits {
		m.reach(slot, s)
		return
	}
	m.watch(slot, s)
	m.send(slot, s)
}

// watch sets the time after which the person does not wait any longer.
func (m *model) watch(slot int32, s *session) {
	s.timeout, s.patience = 0, Handle{}
	step := &m.steps[s.walk.Step]
	switch {
	case s.waits == 0:
	case s.waits == step.timeout:
		s.timeout = m.engine.Arm(step.delay, NewEvent(timeoutKind, slot))
	default:
		s.patience = m.engine.Schedule(m.engine.now+s.waits, NewEvent(timeoutKind, slot))
	}
}

// timedOut is a person who stops waiting; the service goes on working for nobody.
func (m *model) timedOut(slot int32) {
	s := &m.sessions[slot]
	m.requests[s.request].left = true
	m.abandon(s.request)
	s.request = -1
	outcome := funnel.TimedOut
	if s.leaves {
		outcome = funnel.Abandoned
	}
	m.answered(slot, journey.Answer{Outcome: outcome}, funnel.ReasonTimeout)
}

// answer gives the person the service's answer.
func (m *model) answer(slot int32, answer journey.Answer, reason funnel.Reason) {
	s := &m.sessions[slot]
	s.request = -1
	m.stopWatch(s)
	m.answered(slot, answer, reason)
}

// stopWatch lets a person wait for as long as it takes.
func (m *model) stopWatch(s *session) {
	if s.timeout != 0 {
		m.engine.Disarm(m.steps[s.walk.Step].delay, s.timeout)
	}
	m.engine.Revoke(s.patience)
	s.timeout, s.patience = 0, Handle{}
}

// answered moves the walk on by one answer, as the load generator does.
func (m *model) answered(slot int32, answer journey.Answer, reason funnel.Reason) {
	s := &m.sessions[slot]
	walk, end := s.walk, m.engine.now
	if s.deferred { // the wait for the answer ended then
		end, s.deferred = m.asides[slot].accepted, false
	}
	result, next := m.journey.Next(&s.walk, answer, m.engine.now)
	if result.Ended {
		m.observe(walk, result, reason, end)
	}
	m.plan(slot, next)
}

// reach is the way to the mailbox, before the look into it.
func (m *model) reach(slot int32, s *session) {
	if delay := m.beside(s); delay > 0 {
		m.engine.After(delay, NewEvent(lookKind, slot))
		return
	}
	m.look(slot, s)
}

// look is one look into the mailbox, or at the phone.
func (m *model) look(slot int32, s *session) {
	now := m.engine.now
	if p := &m.asides[slot].parcels[m.steps[s.walk.Step].way]; p.arrives && p.at <= now {
		m.answered(slot, journey.Answer{Outcome: funnel.Completed}, 200)
		return
	}
	walk := s.walk
	result, next := m.journey.Next(&s.walk, journey.Answer{Outcome: funnel.Completed, Pending: true}, now)
	if result.Ended {
		m.observe(walk, result, 404, now)
	} else if at, known := m.nextMail(slot); known {
		next = m.journey.LookLater(&s.walk, next, at)
	}
	m.plan(slot, next)
}

// nextMail returns when the mailbox will hold something, where that is settled, so that looks before
// it need no events.
func (m *model) nextMail(slot int32) (time.Duration, bool) {
	s := &m.sessions[slot]
	way := m.steps[s.walk.Step].way
	if p := &m.asides[slot].parcels[way]; p.arrives {
		return p.at, true
	}
	return never, way == byMail && m.people.Traits(s.walk.Person).HasAny(undeliverable)
}

const never time.Duration = 1<<63 - 1

func (m *model) observe(walk journey.Walk, result journey.Result, reason funnel.Reason, end time.Duration) {
	m.observer.Observe(funnel.Sample{
		Session: walk.Person, Step: int(walk.Step), Attempt: int(walk.Attempt),
		Intended: walk.Intended, Start: walk.Intended, End: end,
		Outcome: result.Outcome, Reason: reason, Final: result.Final,
	})
}
