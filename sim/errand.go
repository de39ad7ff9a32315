package sim

import (
	"time"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// parcel is what one way of reaching a person, by mail or by SMS, holds for them.
type parcel struct {
	at      time.Duration // when it arrives
	sentAt  time.Duration // when the latest was handed over
	sent    int16         // how many were
	arrives bool
}

// The parcels of a session.
const (
	byMail = iota
	bySMS
	parcels
)

// mailPause is how long after a mail the service sends none to the same address again.
const mailPause = time.Minute

// When a message that was not taken is handed over again: after a second, doubled each time up to
// five minutes, and twenty times at most, as the reference backend does.
const (
	errandBackoff    = time.Second
	errandBackoffMax = 5 * time.Minute
	errandAttempts   = 20
)

// leaveErrand gives a dependency something to do that the request does not wait for.
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
	errand.errand, errand.left, errand.held, errand.job, errand.passed, errand.calls, errand.accepted, errand.closed = true, false, noJob, noJob, 0, 0, false, false
	errand.watch, errand.patience, errand.since = 0, Handle{}, m.engine.now
	number := m.takeRequest()
	m.requests[number] = errand
	m.hand(number)
}

// posts says whether a dependency brings messages, and which way.
func (m *model) posts(hop *hop) (way int, posts bool) {
	switch m.config.Calls[hop.To].Role {
	case Mail:
		return byMail, true
	case SMS:
		return bySMS, true
	}
	return 0, false
}

// hand hands an errand over, whatever befalls the dependency.
func (m *model) hand(number int32) {
	r := &m.requests[number]
	hop := m.steps[r.step].route[r.hop]
	r.handed++
	work := m.work(r, hop)
	if len(m.config.Calls[hop.To].Faults) > 0 {
		effect := m.befalls(hop)
		if m.struck(r, hop, effect.Share) || m.engine.now-r.since < effect.PutOff {
			m.again(number)
			return
		}
		work = slowed(work, effect)
	}
	m.visit(number, hop.station, work)
}

// again repeats an errand that was turned away, after a while, and at last gives it up.
func (m *model) again(number int32) {
	r := &m.requests[number]
	if r.handed >= errandAttempts {
		m.freeRequests = append(m.freeRequests, number)
		return
	}
	pause := min(errandBackoff<<(r.handed-1), errandBackoffMax)
	m.engine.After(pause, NewEvent(errandKind, number))
}

// deliver is a message that was taken. A mistyped address swallows it, a full mailbox refuses it, and
// nobody looks into the spam folder.
func (m *model) deliver(r *request, hop *hop) {
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

// lost says whether a message that was taken never reaches the person.
func (m *model) lost(r *request, hop *hop, way int) bool {
	dependency := &m.config.Calls[hop.To]
	if way == byMail && m.people.Traits(r.person).HasAny(undeliverable) {
		return true
	}
	lost := dependency.Loss
	if len(dependency.Faults) > 0 {
		lost = 1 - (1-lost)*(1-m.befalls(hop).Lost)
	}
	stream := m.config.Seed.Stream(lossPurpose^hop.purpose, r.person, 0, int(m.asides[r.session].parcels[way].sent))
	return lost > 0 && stream.Chance(lost)
}

// undeliverable are the people whose mail they never see.
const undeliverable = population.MistypedEmail | population.FullMailbox | population.SpamFolder

// deliveryPurposes are those of the mocks, so that both deliver alike.
var deliveryPurposes = [parcels]workload.Purpose{byMail: workload.NewPurpose("mocks.delivery"), bySMS: workload.NewPurpose("mocks.sms.delivery")}

var lossPurpose = workload.NewPurpose("sim/loss")
