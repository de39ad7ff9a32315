package sim

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// filter decides about a request at once: yes, or how long to wait.
type filter interface {
	allow(m *model, r *request) (wait time.Duration, ok bool)
}

// newDoor builds the gate of a door.
func newDoor(name string, which int, door Door) *gate {
	g := &gate{name: name}
	switch {
	case door.Gate != nil:
		return newGate(name, door.Gate)
	case door.Buckets != nil:
		g.filter = buckets{resilience.NewBuckets(*door.Buckets)}
	case door.Stagger != nil:
		g.filter = stagger{*door.Stagger}
	case door.Budget != nil:
		g.filter = budget{resilience.NewBudget(*door.Budget)}
	default:
		g.filter = &room{which: int16(which), gate: g, room: resilience.NewRoom(*door.Room)}
	}
	return g
}

// enterFilter asks a filter.
func (m *model) enterFilter(number int32, gate *gate) resilience.Verdict {
	wait, ok := gate.filter.allow(m, &m.requests[number])
	_, waits := gate.filter.(*room)
	if !waits {
		gate.counts.Arrivals++
	}
	switch {
	case ok && !waits:
		gate.counts.Completions++
	case !ok && !waits: // who waits in a room has a place, and is not turned away
		gate.counts.Rejections++
	}
	if !ok {
		m.finish(number, reply{funnel.Rejected, 503, wholeSeconds(wait)}) // for as long as it takes
		return resilience.Rejected
	}
	return resilience.Admitted
}

type buckets struct{ buckets *resilience.Buckets }

func (b buckets) allow(m *model, r *request) (time.Duration, bool) {
	return b.buckets.Allow(m.engine.now, r.person)
}

type stagger struct{ config resilience.StaggerConfig }

func (s stagger) allow(m *model, r *request) (time.Duration, bool) {
	clock := m.config.Journey.Clock
	wait, ok := s.config.Allow(clock.Scenario(m.engine.now), m.people.BirthDate(r.person).Month())
	return clock.Real(clock.Scenario(m.engine.now)+wait) - m.engine.now, ok
}

// budget counts people's repeated attempts.
type budget struct{ budget *resilience.Budget }

func (b budget) allow(_ *model, r *request) (time.Duration, bool) {
	if r.attempt > 1 {
		return 0, b.budget.Retry()
	}
	b.budget.First()
	return 0, true
}

// room keeps each person's place by session, as the person keeps the signed ticket.
type room struct {
	which  int16 // of the model's gates
	gate   *gate
	room   *resilience.Room
	places []resilience.Place // by session
	since  time.Duration      // of the counts
}

var roomPurpose = workload.NewPurpose("sim/waiting-room")

func (w *room) allow(m *model, r *request) (time.Duration, bool) {
	s, now := &m.sessions[r.session], m.engine.now
	if missing := len(m.sessions) - len(w.places); missing > 0 {
		w.places = append(w.places, make([]resilience.Place, missing)...)
	}
	place := &w.places[r.session]
	w.accrue(now)
	if s.room != w.which+1 {
		stream := m.config.Seed.Stream(roomPurpose, r.person, m.steps[r.step].key, int(r.attempt))
		*place = w.room.Take(now, uint32(stream.Float64()*(1<<32)))
		s.room = w.which + 1
		s.marks &^= inside
		w.gate.counts.Arrivals++
		w.gate.counts.Queued++
		w.gate.counts.QueueMax = max(w.gate.counts.QueueMax, w.gate.counts.Queued)
	}
	wait, in, lapsed := w.room.Enter(now, *place)
	if in || lapsed {
		if !s.marks.has(inside) {
			w.gate.counts.Queued--
			w.gate.counts.Completions++
		}
		s.marks |= inside
	}
	if lapsed { // to the end of the queue
		s.room = 0
		return w.allow(m, r)
	}
	return wait, in
}

func (w *room) accrue(now time.Duration) {
	w.gate.counts.QueueTime += (now - w.since) * time.Duration(w.gate.counts.Queued)
	w.since = now
}
