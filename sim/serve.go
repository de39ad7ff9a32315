package sim

import "time"

// admit brings a new job into service or into the queue.
func (s *Station) admit(place Job) {
	switch {
	case s.sharing != nil:
		s.share(place)
	case s.batch != nil:
		s.enqueue(place, false)
		s.gather()
	case s.busy < s.servers:
		s.setUpFor(place)
		s.start(place)
	case s.Preemptive:
		if victim := s.victim(s.floor.jobs.table[place].class); victim != noJob {
			s.interrupt(victim)
			s.enqueue(victim, true)
			s.start(place)
			return
		}
		s.enqueue(place, false)
	default:
		s.enqueue(place, false)
	}
}

// setUpFor adds the set-up of an idle server to the work of a job.
func (s *Station) setUpFor(place Job) {
	if !s.SetUp.IsZero() {
		s.floor.jobs.table[place].work += s.setUp.draw(&s.cold)
	}
}

// start gives a free server to a job.
func (s *Station) start(place Job) {
	s.accrue()
	floor := s.floor
	job := &floor.jobs.table[place]
	job.state, job.since = jobServing, floor.engine.now
	s.begins(job)
	s.busy++
	event := NewEvent(floor.kinds+servedKind, int32(place))
	if !s.tracked() {
		floor.engine.After(s.turn(job), event)
		return
	}
	s.serving.pushBack(floor.jobs.table, place)
	if s.pauses != nil {
		s.pauses.change(s)
		if s.pauses.paused {
			return // its work begins when the pause ends
		}
	}
	job.done = floor.engine.Schedule(floor.engine.now+job.work, event)
}

// victim returns the job in service of the lowest class below the given one. It returns the latest of several.
func (s *Station) victim(class uint8) Job {
	table, found := s.floor.jobs.table, noJob
	for place := s.serving.first; place != noJob; place = table[place].next {
		if table[place].state == jobServing && table[place].class >= class+1 && (found == noJob || table[place].class >= table[found].class) {
			found = place
		}
	}
	return found
}

// interrupt takes a job off its server and records the remaining work.
func (s *Station) interrupt(place Job) {
	s.accrue()
	job := &s.floor.jobs.table[place]
	s.floor.engine.Revoke(job.done)
	worked := s.floor.engine.now - job.since
	job.work -= worked
	s.stats.serviceTime += worked
	s.serving.remove(s.floor.jobs.table, place)
	s.busy--
}

// served ends a job's service.
func (s *Station) served(place Job) {
	if s.batch != nil {
		s.servedBatch(place)
		return
	}
	s.accrue()
	job := &s.floor.jobs.table[place]
	s.stats.serviceTime += s.floor.engine.now - job.since
	if s.Slice > 0 && job.work > s.floor.engine.now-job.since {
		s.turnFrom(place)
		return
	}
	if s.Holding && !job.gone && job.owner >= nobody {
		s.stats.completions++
		job.state = jobHolding
		s.floor.client.Served(job.owner, place)
		return
	}
	owner, gone := job.owner, job.gone
	s.count(gone, s.floor.engine.now-job.since)
	s.vacate(place)
	if !gone {
		s.floor.tell(owner, place)
	}
}

// turn returns how long a server works on a job before it turns to the next.
func (s *Station) turn(job *job) time.Duration {
	if s.Slice > 0 {
		return min(s.Slice, job.work)
	}
	return job.work
}

// turnFrom ends the slice of a job that is not done: its server turns to the job that has waited longest, or works on if
// nobody waits.
func (s *Station) turnFrom(place Job) {
	floor := s.floor
	job := &floor.jobs.table[place]
	job.work -= floor.engine.now - job.since
	job.since = floor.engine.now
	if s.waiting == 0 && s.busy <= s.servers {
		floor.engine.After(s.turn(job), NewEvent(floor.kinds+servedKind, int32(place)))
		return
	}
	s.busy--
	s.enqueue(place, false)
	s.fillServers()
}

// count records one completion.
func (s *Station) count(gone bool, took time.Duration) {
	s.stats.completions++
	if gone {
		s.stats.wasted++
		s.stats.wastedTime += took
	}
}

// vacate frees the server and the job's row, and starts the next job in the queue.
func (s *Station) vacate(place Job) {
	s.accrue()
	if s.tracked() {
		s.serving.remove(s.floor.jobs.table, place)
	}
	s.busy--
	s.floor.jobs.give(place)
	s.fillServers()
	if s.pauses != nil {
		s.pauses.change(s)
	}
}

// fillServers starts waiting jobs while servers are free.
func (s *Station) fillServers() {
	for s.busy < s.servers && s.waiting > 0 {
		s.start(s.pop())
	}
}

// resize sets the number of servers. Removed servers finish the requests that they serve.
func (s *Station) resize(servers int) {
	if s.sharing != nil {
		s.attain()
	}
	s.accrue()
	s.servers = servers
	switch {
	case s.sharing != nil:
		s.shareOn()
	case s.batch != nil:
		s.gather()
	default:
		s.fillServers()
	}
}
