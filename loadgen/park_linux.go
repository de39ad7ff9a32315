package loadgen

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// parkedJob is a request that waits for a connection. Its clocks and its timeout are running.
type parkedJob struct {
	job   job
	since time.Duration
}

// parking is the queue of parked requests of one target.
type parking struct {
	jobs []parkedJob
	head int
}

func (p *parking) empty() bool { return p.head == len(p.jobs) }

func (p *parking) add(work parkedJob) { p.jobs = append(p.jobs, work) }

func (p *parking) first() job { return p.jobs[p.head].job }

func (p *parking) take() parkedJob {
	first := p.jobs[p.head]
	p.jobs[p.head] = parkedJob{}
	p.head++
	if p.empty() {
		p.jobs, p.head = p.jobs[:0], 0
	}
	return first
}

// expiry returns when the first parked request times out.
func (p *parking) expiry() (time.Duration, bool) {
	if p.empty() || p.jobs[p.head].job.timeout == 0 {
		return 0, false
	}
	return p.jobs[p.head].since + p.jobs[p.head].job.timeout, true
}

// needsOwn reports whether a request needs a new connection whatever is idle.
func (e *epoll) needsOwn(work job, target int32) bool {
	if cold := e.generator.cold(work); cold || e.own == nil {
		return cold
	}
	own := e.own
	if e.overHTTP2(&e.generator.requests[work.request]) {
		own = e.second.own
	}
	_, has := own[owner{work.person, target}]
	return !has
}

// full reports whether a request to the target must be parked.
func (e *epoll) full(work job, target int32, alone bool) bool {
	if alone {
		return e.dialing[target] >= dialable(alone)
	}
	if e.own == nil && e.overHTTP2(&e.generator.requests[work.request]) {
		_, found := e.roomyPlace(target)
		return !found && e.dialing[target] >= dialable(alone)
	}
	return e.own == nil && len(e.idle[target]) == 0 && e.dialing[target] >= dialable(alone)
}

// servePark starts the parked requests that can start, and completes those that have timed out.
func (e *epoll) servePark() {
	for i := range e.parked {
		p := &e.parked[i]
		for !p.empty() && !e.full(p.first(), int32(i/2), i%2 == 1) {
			waited := p.take()
			e.counts.wait(e.now() - waited.since)
			e.start(waited.job, waited.since)
		}
		for at, any := p.expiry(); any && at <= e.now(); at, any = p.expiry() {
			waited := p.take()
			e.counts.wait(e.now() - waited.since)
			e.fail(waited.job, waited.since, funnel.TimedOut, funnel.ReasonTimeout)
		}
	}
}

// parkExpiry returns when the first parked request of any target times out.
func (e *epoll) parkExpiry() (first time.Duration, any bool) {
	for i := range e.parked {
		if at, some := e.parked[i].expiry(); some && (!any || at < first) {
			first, any = at, true
		}
	}
	return first, any
}

// settle records that opening a connection has ended, successfully or not.
func (e *epoll) settle(c *conn) {
	if c.dialing {
		c.dialing = false
		e.dialing[c.target]--
	}
}
