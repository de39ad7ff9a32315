package sim

import (
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// pauses stop all servers of a station. They are a Poisson process in the busy time of the servers, so they come
// sooner if more servers are busy.
type pauses struct {
	length sampler
	rate   float64 // per ns of a busy server
	budget float64 // ns of work until the next pause
	last   time.Duration
	busy   int // busy servers since last
	paused bool
	next   Handle
	stream workload.Stream
}

func newPauses(config Pauses, stream workload.Stream) *pauses {
	p := &pauses{length: newSampler(config.Length), rate: config.Rate / float64(time.Second), stream: stream}
	p.budget = p.stream.ExpFloat64() / p.rate
	return p
}

// change updates the next pause for a new number of busy servers.
func (p *pauses) change(s *Station) {
	now := s.floor.engine.now
	if !p.paused {
		p.budget -= float64(now-p.last) * float64(p.busy)
	}
	p.last, p.busy = now, s.busy
	if p.paused {
		return
	}
	s.floor.engine.Revoke(p.next)
	p.next = Handle{}
	if p.busy > 0 {
		at := now + time.Duration(max(0, p.budget)/float64(p.busy))
		p.next = s.floor.engine.Schedule(at, NewEvent(s.floor.kinds+tickKind, int32(s.number)))
	}
}

// pause begins or ends a pause.
func (s *Station) pause() {
	p, floor := s.pauses, s.floor
	now := floor.engine.now
	p.paused = !p.paused
	p.last = now
	for place := s.serving.first; place != noJob; place = floor.jobs.table[place].next {
		job := &floor.jobs.table[place]
		switch {
		case job.state != jobServing:
		case p.paused:
			floor.engine.Revoke(job.done)
			job.work -= now - job.since
			s.stats.serviceTime += now - job.since
			job.since = now
		default:
			s.stats.serviceTime += now - job.since // the pause is a part of it
			job.since = now
			job.done = floor.engine.Schedule(now+job.work, NewEvent(floor.kinds+servedKind, int32(place)))
		}
	}
	if p.paused {
		p.budget = p.stream.ExpFloat64() / p.rate
		floor.engine.Revoke(p.next)
		p.next = Handle{}
		floor.engine.After(p.length.draw(&p.stream), NewEvent(floor.kinds+tickKind, int32(s.number)))
		return
	}
	p.change(s)
}
