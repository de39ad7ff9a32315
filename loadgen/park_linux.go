package loadgen

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// mostDialing is how many connections a shard opens at once. What is due meanwhile waits for
// whichever comes first, a connection opened or one that rests: where each request opened its own, a
// stall of a tenth of a second opened thousands, and opening them made the next stall.
const mostDialing = 64

// parkedJob is a request that waits for a connection. Its clocks and its timeout run.
type parkedJob struct {
	job   job
	since time.Duration
}

// parking holds the requests of one target that wait, the first to come first.
type parking struct {
	jobs []parkedJob
	head int
}

func (p *parking) empty() bool { return p.head == len(p.jobs) }

func (p *parking) add(work parkedJob) { p.jobs = append(p.jobs, work) }

func (p *parking) take() parkedJob {
	first := p.jobs[p.head]
	p.jobs[p.head] = parkedJob{}
	p.head++
	if p.empty() {
		p.jobs, p.head = p.jobs[:0], 0
	}
	return first
}

// expiry returns when the first of those parked runs out of time.
func (p *parking) expiry() (time.Duration, bool) {
	if p.empty() || p.jobs[p.head].job.timeout == 0 {
		return 0, false
	}
	return p.jobs[p.head].since + p.jobs[p.head].job.timeout, true
}

// full reports whether a request to the target must wait for a connection.
func (e *epoll) full(target int32) bool {
	return e.own == nil && len(e.idle[target]) == 0 && e.dialing >= mostDialing
}

// servePark starts what can be started of those parked, and ends what has run out of time.
func (e *epoll) servePark() {
	for target := range e.parked {
		p := &e.parked[target]
		for !p.empty() && !e.full(int32(target)) {
			waited := p.take()
			e.start(waited.job, waited.since)
		}
		for at, any := p.expiry(); any && at <= e.now(); at, any = p.expiry() {
			waited := p.take()
			e.fail(waited.job, waited.since, funnel.TimedOut, funnel.ReasonTimeout)
		}
	}
}

// parkExpiry returns when the first of all parked runs out of time.
func (e *epoll) parkExpiry() (first time.Duration, any bool) {
	for target := range e.parked {
		if at, some := e.parked[target].expiry(); some && (!any || at < first) {
			first, any = at, true
		}
	}
	return first, any
}

// settle notes that a connection is opened no more, whether it came about or not.
func (e *epoll) settle(c *conn) {
	if c.dialing {
		c.dialing = false
		e.dialing--
	}
}
