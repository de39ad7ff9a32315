package sim

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// decider admits a request at once, or returns how long to wait.
type decider interface {
	allow(m *model, r *request) (wait time.Duration, ok bool)
}

// newDoor builds the gate of a door.
func newDoor(name string, which int, door Door) *gate {
	config, err := door.Policy.Config()
	if err != nil {
		panic(err) // Validate has checked it
	}
	g := &gate{name: name}
	switch config := config.(type) {
	case resilience.RoomConfig:
		g.decider = &room{which: int16(which), gate: g, room: resilience.NewRoom(config)}
	case resilience.Gated:
		return newGate(name, new(config.Gate()))
	case resilience.Filtering:
		descriptor := door.Policy.Descriptor()
		g.decider = filter{config.Filter(), descriptor.Asks, descriptor.ScenarioTime}
	}
	return g
}

// enterFilter asks the decider of a gate.
func (m *model) enterFilter(number int32, gate *gate) resilience.Verdict {
	wait, ok := gate.decider.allow(m, &m.requests[number])
	_, waits := gate.decider.(*room)
	if !waits {
		gate.counts.Arrivals++
	}
	switch {
	case ok && !waits:
		gate.counts.Completions++
	case !ok && !waits: // a person in a waiting room has a place and is not rejected
		gate.counts.Rejections++
	}
	if !ok {
		m.finish(number, reply{funnel.Rejected, 503, wholeSeconds(wait)}) // without the cap of busy
		return resilience.Rejected
	}
	return resilience.Admitted
}

// filter asks a policy and gives it the facts of the request that it needs.
type filter struct {
	policy       resilience.Filter
	asks         resilience.Facts
	scenarioTime bool
}

func (f filter) allow(m *model, r *request) (time.Duration, bool) {
	whom := resilience.Asker{Person: r.person, Attempt: int(r.attempt)}
	if f.asks.Has(resilience.AsksBirthMonth) {
		whom.BirthMonth = m.people.BirthDate(r.person).Month()
	}
	if !f.scenarioTime {
		return f.policy.Allow(m.engine.now, whom)
	}
	clock := m.config.Journey.Clock
	now := clock.Scenario(m.engine.now)
	wait, ok := f.policy.Allow(now, whom)
	return clock.Real(now+wait) - m.engine.now, ok
}

// room keeps each person's place by session, as a person keeps a signed ticket.
type room struct {
	which  int16 // index in the model's gates
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
	if w.room.Off() {
		w.passFreely(s)
		return 0, true
	}
	if s.room != w.which+1 {
		stream := m.config.Seed.Stream(roomPurpose, r.person, m.keyOf(r), int(r.attempt))
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
	if lapsed { // moves to the end of the queue
		s.room = 0
		return w.allow(m, r)
	}
	return wait, in
}

// passFreely lets a person pass while the room is off. Who had a place has had the turn.
func (w *room) passFreely(s *session) {
	if s.room == w.which+1 && !s.marks.has(inside) {
		w.gate.counts.Queued--
		w.gate.counts.Completions++
		s.marks |= inside
	}
}

func (w *room) accrue(now time.Duration) {
	w.gate.counts.QueueTime += (now - w.since) * time.Duration(w.gate.counts.Queued)
	w.since = now
}
