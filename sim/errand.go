package sim

import (
	"time"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// parcel is the state of one message channel of a person, mail or SMS.
type parcel struct {
	at      time.Duration // arrival time
	sentAt  time.Duration // when the latest message was handed over
	sent    int16         // number of messages
	arrives bool
}

// The parcels of a session.
const (
	byMail = iota
	bySMS
	parcels
)

// mailPause is the minimum time between two mails to the same address.
const mailPause = time.Minute

// The retry schedule of a message that was not accepted, as in the reference backend: one second at first, doubled
// each time up to five minutes, at most twenty attempts.
const (
	errandBackoff    = time.Second
	errandBackoffMax = 5 * time.Minute
	errandAttempts   = 20
)

// leaveErrand hands work to a dependency. The request does not wait for it.
func (m *model) leaveErrand(r *request, hop *hop) {
	s := &m.sessions[r.session]
	if way, posts := m.posts(hop); posts && s.generation == r.generation {
		p := &m.asides[r.session].parcels[way]
		if way == byMail && p.sent > 0 && m.engine.now < p.sentAt+mailPause {
			return
		}
		p.sentAt = m.engine.now
		p.sent++
	}
	errand := *r
	errand.callee, errand.errand, errand.left, errand.held, errand.job, errand.passed, errand.calls, errand.accepted, errand.closed = 0, true, false, noJob, noJob, 0, 0, false, false
	errand.watch, errand.patience, errand.since = 0, Handle{}, m.engine.now
	number := m.takeRequest()
	m.requests[number] = errand
	m.hand(number)
}

// posts returns the message channel of a dependency, and reports whether it has one.
func (m *model) posts(hop *hop) (way int, posts bool) {
	switch m.config.Calls[hop.To].Role {
	case Mail:
		return byMail, true
	case SMS:
		return bySMS, true
	}
	return 0, false
}

// hand hands an errand over, unless a fault of the dependency stops it.
func (m *model) hand(number int32) {
	r := &m.requests[number]
	hop := m.steps[r.step].route[r.hop]
	r.handed++
	work := m.work(r, hop)
	if len(m.faults[hop.To]) > 0 {
		effect := m.faultNow(hop)
		if m.hitByFault(r, hop, effect.Share) || m.engine.now-r.since < effect.PutOff {
			m.again(number)
			return
		}
		work = slowed(work, effect)
	}
	m.attend(number, hop, work)
}

// again schedules a retry of a rejected errand, or drops it after the last attempt.
func (m *model) again(number int32) {
	r := &m.requests[number]
	if r.handed >= errandAttempts {
		m.freeRequests = append(m.freeRequests, number)
		return
	}
	pause := min(errandBackoff<<(r.handed-1), errandBackoffMax)
	m.engine.After(pause, NewEvent(errandKind, number))
}

// deliver schedules the arrival of an accepted message. A message to a mistyped address, a full mailbox or a spam
// folder never arrives.
func (m *model) deliver(r *request, hop *hop) {
	m.take(hop)
	s := &m.sessions[r.session]
	way, posts := m.posts(hop)
	if !posts || s.generation != r.generation || m.lost(r, hop, way) {
		return
	}
	p := &m.asides[r.session].parcels[way]
	stream := m.config.Seed.Stream(deliveryPurposes[way], r.person, 0, int(p.sent))
	at := m.engine.now + m.config.Calls[hop.To].Delivery.Draw(&stream)
	if !p.arrives || at < p.at {
		p.arrives, p.at = true, at
	}
}

// lost reports whether an accepted message never reaches the person.
func (m *model) lost(r *request, hop *hop, way int) bool {
	dependency := &m.config.Calls[hop.To]
	if way == byMail && m.people.Traits(r.person).HasAny(undeliverable) {
		return true
	}
	lost := dependency.Loss
	if len(m.faults[hop.To]) > 0 {
		lost = 1 - (1-lost)*(1-m.faultNow(hop).Lost)
	}
	stream := m.config.Seed.Stream(lossPurpose^hop.purpose, r.person, 0, int(m.asides[r.session].parcels[way].sent))
	return lost > 0 && stream.Chance(lost)
}

// undeliverable are the traits of people who never see their mail.
const undeliverable = population.MistypedEmail | population.FullMailbox | population.SpamFolder

// deliveryPurposes are those of the mocks, so both draw the same delivery times.
var deliveryPurposes = [parcels]workload.Purpose{byMail: workload.NewPurpose("mocks.delivery"), bySMS: workload.NewPurpose("mocks.sms.delivery")}

var lossPurpose = workload.NewPurpose("sim/loss")
