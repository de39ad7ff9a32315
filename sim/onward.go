package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Onward is a call that a dependency makes before it answers, as the mocks do: after its own service, one after another,
// and the request keeps its server until the last has been answered. An answer that declines is passed on. A call that
// fails in any other way, or whose timeout is over, fails the call of the dependency too. Policies at a call protect the
// calls of the service, not these.
type Onward struct {
	To      int           // index in Calls
	Stock   int           // as in Hop
	Timeout time.Duration // real time; 0 means never
}

// validateCalls returns the first call of a dependency that cannot be made, or that never ends.
func (c Config) validateCalls() error {
	for _, call := range c.Calls {
		for _, onward := range call.Calls {
			switch {
			case onward.To < 0 || onward.To >= len(c.Calls):
				return fmt.Errorf("dependency %s calls one that does not exist", call.Name)
			case onward.Stock < 0 || onward.Stock > len(c.Calls[onward.To].Stocks):
				return fmt.Errorf("dependency %s takes from a stock that does not exist", call.Name)
			case onward.Timeout < 0:
				return fmt.Errorf("dependency %s calls with the timeout %v; it must be 0 or more", call.Name, onward.Timeout)
			}
		}
	}
	for i := range c.Calls {
		if c.circles(i, nil) {
			return errors.New("dependencies call each other in a circle")
		}
	}
	return nil
}

// circles reports whether a dependency calls one that called it.
func (c Config) circles(to int, chain []int) bool {
	return slices.Contains(chain, to) || slices.ContainsFunc(c.Calls[to].Calls, func(onward Onward) bool {
		return c.circles(onward.To, append(slices.Clip(chain), to))
	})
}

// nestCalls prepares the calls that the target of a hop makes itself. Their draws are apart from those of all other
// stops of the step.
func (m *model) nestCalls(h *hop) {
	if h.Kind == AtStation || h.Kind == Wait {
		return
	}
	for i, onward := range m.config.Calls[h.To].Calls {
		inner := m.newHop(Hop{Kind: Call, To: onward.To, Stock: onward.Stock})
		inner.delay = nil
		if onward.Timeout > 0 {
			inner.delay = m.engine.Delay(onward.Timeout)
		}
		inner.drawAs(fmt.Sprintf("%s\x00%s\x00%d", h.draws, inner.name, i+1), m.config.Seed)
		m.nestCalls(inner)
		inner.number = m.register(inner)
		h.inner = append(h.inner, inner)
	}
	if len(h.inner) > 0 && h.number == 0 {
		h.number = m.register(h)
	}
}

// register gives a hop a number by which a visit refers to it. Numbers begin at 1.
func (m *model) register(h *hop) int32 {
	if h.number == 0 {
		m.nested = append(m.nested, h)
		return int32(len(m.nested))
	}
	return h.number
}

// attend brings a call or an errand to its dependency. If that makes calls itself, its work becomes a visit.
func (m *model) attend(number int32, h *hop, work time.Duration) {
	if h.number == 0 {
		m.visit(number, h.station, work)
		return
	}
	if m.enter(m.newVisit(number, h), h, work) && m.requests[number].closed {
		m.withdraw(number)
	}
}

// newVisit opens the work of a dependency on a call. It has a row of its own among the requests, because it goes on if
// the caller gives up.
func (m *model) newVisit(caller int32, h *hop) int32 {
	number := m.takeRequest() // may move the table
	r := &m.requests[number]
	*r = m.requests[caller]
	r.visit, r.caller, r.callee, r.made = h.number, caller, 0, 0
	r.job, r.held, r.passed, r.timeout, r.watch, r.patience, r.ticket = noJob, noJob, 0, 0, 0, Handle{}, 0
	r.errand, r.left, r.closed, r.fetching, r.accepted = false, false, false, false, false
	m.requests[caller].callee = number + 1
	return number
}

// enter brings a visit to the servers of its dependency, and reports whether they took it.
func (m *model) enter(number int32, h *hop, work time.Duration) bool {
	job, why := m.floor.Enter(h.station, number, m.steps[m.requests[number].step].class, work)
	if why != Taken {
		m.endVisit(number, failedCall)
		return false
	}
	m.requests[number].job = job
	return true
}

// servedVisit handles the end of a dependency's own service.
func (m *model) servedVisit(number int32, job Job) {
	r := &m.requests[number]
	station := m.floor.stations[m.nested[r.visit-1].station]
	if r.caller == nobody {
		station.stats.wasted++
	}
	if r.job = noJob; station.Holding {
		r.job = job
	}
	m.onward(number)
}

// onward makes the next call of a visit, or ends the visit.
func (m *model) onward(number int32) {
	r := &m.requests[number]
	h := m.nested[r.visit-1]
	if int(r.made) == len(h.inner) {
		m.endVisit(number, accepted)
		return
	}
	inner := h.inner[r.made]
	r.made++
	callee := m.newVisit(number, inner)
	dependency := &m.config.Calls[inner.To]
	m.calling[inner.To]++
	c := &m.requests[callee]
	if inner.delay != nil {
		c.timeout = m.engine.Arm(inner.delay, NewEvent(callTimeoutKind, callee))
	}
	if dependency.Connections > 0 && m.calling[inner.To] > dependency.Connections {
		m.endVisit(callee, failedCall)
		return
	}
	work := m.work(c, inner)
	if len(dependency.Faults) > 0 {
		effect := m.faultNow(inner)
		work = slowed(work, effect)
		if m.hitByFault(c, inner, effect.Share) {
			if effect.Outcome == fault.Error || c.timeout == 0 {
				m.endVisit(callee, failedCall)
			}
			return
		}
	}
	m.enter(callee, inner, work)
}

// failedCall stands for the answer of a call that failed.
var failedCall = reply{funnel.Failed, 503, 0}

// endVisit ends a visit and tells its caller the answer, if the caller still waits.
func (m *model) endVisit(number int32, answer reply) {
	r := &m.requests[number]
	h, caller := m.nested[r.visit-1], r.caller
	if r.timeout != 0 {
		m.engine.Disarm(h.delay, r.timeout)
	}
	if r.job != noJob {
		m.floor.Release(r.job)
	}
	byService := caller != nobody && m.requests[caller].visit == 0
	if answer == accepted && !byService && !m.take(h) { // of a call of the service, the stock is taken when it hears of it
		answer = m.soldOut(h)
	}
	m.freeRequests = append(m.freeRequests, number)
	if caller == nobody {
		return
	}
	m.requests[caller].callee = 0
	switch {
	case byService:
		m.returned(caller, h, answer)
	case answer == accepted:
		m.calling[h.To]--
		m.onward(caller)
	default:
		m.calling[h.To]--
		m.endVisit(caller, answer)
	}
}

// returned continues a request or an errand whose dependency has made its own calls.
func (m *model) returned(number int32, h *hop, answer reply) {
	r := &m.requests[number]
	switch failed := answer == failedCall; {
	case r.errand && failed:
		m.again(number)
	case r.errand:
		if answer == accepted {
			m.deliver(r, h)
		}
		m.freeRequests = append(m.freeRequests, number)
	case failed:
		m.failCall(number, h)
	case answer == accepted:
		m.called(number, h)
	default:
		m.settle(number, h, answer)
	}
}

// giveUpVisit ends the wait of a dependency for a call that it made. The other one goes on if it has begun to work.
func (m *model) giveUpVisit(number int32) {
	r := &m.requests[number]
	caller := r.caller
	m.calling[m.nested[r.visit-1].To]--
	r.timeout, r.caller = 0, nobody
	if lost := r.job == noJob; lost || m.floor.Withdraw(r.job) {
		m.freeRequests = append(m.freeRequests, number)
	}
	m.requests[caller].callee = 0
	m.endVisit(caller, failedCall)
}

// withdrawVisit removes a visit from the queue in which it waits, and reports whether it did.
func (m *model) withdrawVisit(r *request) bool {
	number := r.callee - 1
	if job := m.requests[number].job; job == noJob || !m.floor.Withdraw(job) {
		return false
	}
	r.callee = 0
	m.freeRequests = append(m.freeRequests, number)
	return true
}
