package sim

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/population"
)

// The answers of the service and the registries follow from the person's traits. The mapping, step by step, is
// that of the reference backend and the mocks:
//
//	request                                   answer                        after
//	a typing error drawn for the step         422, declined                 the first hop: the service reads it
//	the link of a mail, a second time         410, declined                 the first hop
//	an identity verified before               200, completed                the first hop: Dukcapil is not asked again
//	a mistyped NIK                            Data Not Found, declined      Dukcapil
//	a record not clean (Record.State)         declined                      Dukcapil
//	a record that mismatches                  Tidak Sesuai, declined        Dukcapil
//	eligibility, younger than 18 today        422, declined                 the first of eligibilities, or the first hop without one
//	eligibility, pupil or student             422, declined                 Dapodik; those after it are not asked
//	the test, submitted or not yet evaluated  202, pending                  the last hop
//	a place in a batch that is full           409, declined                 the last hop
//	a booking, of which nothing is left       409, declined                 the last hop
//	anything else                             completed                     the last hop
//
// Note: a record mismatches by its birth date or by its name. The mock scores names, and two different names of
// our lists score below the threshold of 90 that the service asks for.

// unclean are the states of a record that Dukcapil does not confirm.
const unclean = population.NotFound | population.Deceased | population.Duplicate | population.Inactive | population.Mismatch

var (
	declined = reply{funnel.Declined, 422, 0}
	linkUsed = reply{funnel.Declined, 410, 0}
	isFull   = reply{funnel.Declined, 409, 0}
	accepted = reply{funnel.Completed, 200, 0}
	pending  = reply{funnel.Completed, 202, 0} // not ready: poll again
)

// decide answers a request after a hop if that hop settles it, and reports whether it did.
func (m *model) decide(number int32, hop *hop) bool {
	r := &m.requests[number]
	step := &m.steps[r.step]
	if hop.Kind == Call {
		return m.decideCall(number, hop)
	}
	if r.hop > 0 {
		return false
	}
	s := m.sessionOf(r)
	switch {
	case r.mistyped && !m.traitTypo(r.person, int(r.step)):
		m.finish(number, declined)
	case step.name == funnel.EmailVerify && s != nil && s.marks.has(verified):
		m.finish(number, linkUsed)
	case step.identifies && s != nil && s.marks.has(identified), step.name == funnel.Eligibility && s != nil && s.marks.has(eligible):
		m.finish(number, accepted)
	case step.name == funnel.Eligibility && !step.asksOthers && m.isMinor(r.person, m.people.Traits(r.person)):
		m.finish(number, declined)
	default:
		return false
	}
	return true
}

// decideCall declines a request if the called registry does, and reports whether it did.
func (m *model) decideCall(number int32, hop *hop) bool {
	r := &m.requests[number]
	switch {
	case hop.identifies:
		traits := m.people.Traits(r.person)
		if wrong := r.mistyped && traits.Has(population.MistypedNIK); !wrong && !traits.HasAny(unclean) {
			return false
		}
	case hop.refuses != 0:
		if traits := m.people.Traits(r.person); !traits.HasAny(hop.refuses) && !m.isMinor(r.person, traits) {
			return false
		}
	default:
		return false
	}
	m.finish(number, declined)
	return true
}

// eligibilities maps each registry that declines people to their traits. The registries of the reference backend
// that only prefer people, such as DTKS, change no answer. A new registry is an entry here.
func eligibilities() map[Role]population.Traits {
	return map[Role]population.Traits{
		"dapodik": population.Pupil | population.Student,
	}
}

// complete records the effect of a request on its session and returns the final answer.
func (m *model) complete(r *request) reply {
	s := m.sessionOf(r)
	if s == nil {
		return accepted
	}
	switch step := &m.steps[r.step]; {
	case step.name == funnel.EmailVerify:
		s.marks |= verified
	case step.identifies:
		s.marks |= identified
	case step.name == funnel.Eligibility:
		s.marks |= eligible
	case step.books > 0:
		return m.book(r.session, step.books)
	case step.evaluates:
		return m.score(s, r.session)
	case step.name == funnel.Join && !s.marks.has(joined):
		if m.config.Places > 0 && m.members >= m.config.Places {
			return isFull
		}
		s.marks |= joined
		m.members++
	}
	return accepted
}

// score accepts the first submission of the motivation test. It returns pending until the test delay has passed.
func (m *model) score(s *session, slot int32) reply {
	a := &m.asides[slot]
	switch {
	case !s.marks.has(handedIn):
		s.marks |= handedIn
		a.due = m.engine.now + m.config.TestDelay
		return pending
	case m.engine.now < a.due:
		return pending
	}
	return accepted
}

// sessionOf returns the session of a request, or nil if the session has ended.
func (m *model) sessionOf(r *request) *session {
	if s := &m.sessions[r.session]; s.generation == r.generation {
		return s
	}
	return nil
}

// isMinor reports whether a person is younger than 18 today, by the scenario's clock in WIB (UTC+7).
func (m *model) isMinor(person uint64, traits population.Traits) bool {
	if !traits.Has(population.Minor) {
		return false
	}
	const wib = 7 * time.Hour
	today := m.config.Opens.Add(m.config.Journey.Clock.Scenario(m.engine.now)).UTC().Add(wib)
	return ageOn(today, m.people.BirthDate(person)) < adult
}

// adult is the minimum age to join, in years.
const adult = 18

// ageOn returns the full years between a birth date and a day. A person born on 29 February turns a year older on
// 1 March.
func ageOn(today, birth time.Time) int {
	years := today.Year() - birth.Year()
	if today.Month() < birth.Month() || today.Month() == birth.Month() && today.Day() < birth.Day() {
		years--
	}
	return years
}

// traitTypo reports whether the person's traits put a typing error into their first attempt at the step.
func (m *model) traitTypo(person uint64, step int) bool {
	return step < len(m.config.Traits) && m.config.Traits[step] != 0 && m.people.Traits(person).HasAny(m.config.Traits[step])
}
