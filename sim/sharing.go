package sim

import "time"

// sharing is processor sharing in virtual time. attained is the service that a request present since the start
// would have received. A request is done when attained has grown by its work (Kleinrock, "Queueing Systems", vol.
// II (1976), sec. 4.4).
type sharing struct {
	attained float64 // ns
	last     time.Duration
	finish   []finish // binary min-heap
	made     uint64
	next     Handle
}

// finish is the attained service at which a job is done.
type finish struct {
	at       float64
	sequence uint64
	place    Job
}

func (f finish) before(g finish) bool { return f.at < g.at || f.at == g.at && f.sequence < g.sequence }

// speed returns the service that each request receives per unit of time.
func (s *Station) speed() float64 {
	return min(1, float64(s.servers)/float64(max(1, s.busy)))
}

// attain updates the attained service to now.
func (s *Station) attain() {
	s.accrue()
	now := s.floor.engine.now
	s.sharing.attained += float64(now-s.sharing.last) * s.speed()
	s.sharing.last = now
}

// share admits a job. No job waits.
func (s *Station) share(place Job) {
	s.attain()
	p := s.sharing
	job := &s.floor.jobs.table[place]
	job.state, job.since = jobServing, s.floor.engine.now
	s.begins(job)
	p.made++
	p.finish = append(p.finish, finish{p.attained + float64(job.work), p.made, place})
	for i := len(p.finish) - 1; i > 0 && p.finish[i].before(p.finish[(i-1)/2]); i = (i - 1) / 2 {
		p.finish[i], p.finish[(i-1)/2] = p.finish[(i-1)/2], p.finish[i]
	}
	s.busy++
	s.shareOn()
}

// shareOn schedules the next completion at the current speed.
func (s *Station) shareOn() {
	p := s.sharing
	s.floor.engine.Revoke(p.next)
	if len(p.finish) == 0 || s.servers == 0 {
		p.next = Handle{}
		return
	}
	rest := max(0, p.finish[0].at-p.attained)
	at := s.floor.engine.now + time.Duration(rest/s.speed()+0.5)
	p.next = s.floor.engine.Schedule(at, NewEvent(s.floor.kinds+tickKind, int32(s.number)))
}

// shared completes the job with the least remaining work.
func (s *Station) shared() {
	s.attain()
	p := s.sharing
	done := p.finish[0]
	p.attained = max(p.attained, done.at)
	p.pop()
	s.busy--
	job := s.floor.jobs.table[done.place]
	took := s.floor.engine.now - job.since
	s.stats.serviceTime += took
	s.count(job.gone, took)
	s.floor.jobs.give(done.place)
	s.shareOn()
	if !job.gone {
		s.floor.tell(job.owner, done.place)
	}
}

func (p *sharing) pop() {
	last := len(p.finish) - 1
	p.finish[0] = p.finish[last]
	p.finish = p.finish[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if p.finish[child].before(p.finish[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		p.finish[i], p.finish[least] = p.finish[least], p.finish[i]
		i = least
	}
}
