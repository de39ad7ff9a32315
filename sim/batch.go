package sim

import "time"

// batching is the state of a station that serves requests in batches.
type batching struct {
	open  bool          // a server has taken the first request of a batch and waits for more
	ripe  time.Duration // when the wait ends
	armed bool          // a tick is scheduled
}

// gather opens a batch if a server is free and a request waits. The batch starts when it is full or when its wait
// ends. The wait begins when the server takes the first request, however long that request has queued.
func (s *Station) gather() {
	b, now := s.batch, s.floor.engine.now
	for s.busy < s.servers && s.waiting > 0 {
		if !b.open {
			b.open, b.ripe = true, now+s.Batch.Age
		}
		if s.waiting < s.Batch.Rows && now < b.ripe {
			if !b.armed {
				b.armed = true
				s.floor.engine.At(b.ripe, NewEvent(s.floor.kinds+tickKind, int32(s.number)))
			}
			return
		}
		b.open = false
		s.startBatch()
	}
	b.open = b.open && s.waiting > 0
}

// ripe handles the tick at which a batch's wait ends. That batch may have filled up and started before, and
// another may be open.
func (s *Station) ripe() {
	s.batch.armed = false
	s.gather()
}

// startBatch gives one server all waiting requests, up to the limit. The first job links to the others.
func (s *Station) startBatch() {
	table := s.floor.jobs.table
	leader := s.pop()
	table[leader].next = noJob
	rows, tail := 1, leader
	for rows < s.Batch.Rows && s.waiting > 0 {
		follower := s.pop()
		table[tail].next, table[follower].next = follower, noJob
		tail = follower
		rows++
	}
	now := s.floor.engine.now
	for place := leader; place != noJob; place = table[place].next {
		table[place].state, table[place].since = jobServing, now
		s.begins(&table[place])
	}
	s.busy++
	s.stats.batches++
	defer s.startBackgroundWork() // after the batch itself
	work := time.Duration(rows) * s.Batch.PerRow
	if s.Batch.Elsewhere && work > 0 {
		if _, why := s.floor.Enter(s.Batch.At, batchOf(leader), 0, work); why == Taken {
			return
		}
		work = 0 // a rejection has no effect on the batch
	}
	s.commit(leader, work)
}

// commit starts a batch's own service, with the work on its rows added to it.
func (s *Station) commit(leader Job, rows time.Duration) {
	s.floor.engine.After(s.floor.jobs.table[leader].work+rows, NewEvent(s.floor.kinds+servedKind, int32(leader)))
}

// batchOf returns the owner of the work on a batch's rows if another station does that work.
func batchOf(leader Job) int32 { return nobody - 1 - int32(leader) }

// tell reports the end of a job's service to the client, or to the batch that waits for it.
func (f *Floor) tell(owner int32, place Job) {
	if owner >= nobody {
		f.client.Served(owner, place)
		return
	}
	leader := Job(nobody - 1 - owner)
	f.stations[f.jobs.table[leader].station].commit(leader, 0)
}

// nobody is the owner of work that no client waits for.
const nobody = -1

// startBackgroundWork sends a batch's asynchronous work to its station.
func (s *Station) startBackgroundWork() {
	if s.Batch.Also > 0 {
		_, _ = s.floor.Enter(s.Batch.At, nobody, 0, s.Batch.Also) // a rejection has no effect
	}
}

// servedBatch ends the service of all jobs in a batch.
func (s *Station) servedBatch(leader Job) {
	s.accrue()
	s.busy--
	floor := s.floor
	took := floor.engine.now - floor.jobs.table[leader].since
	s.gather()
	for place := leader; place != noJob; {
		job := floor.jobs.table[place]
		s.stats.serviceTime += floor.engine.now - job.since
		s.count(job.gone, took)
		floor.jobs.give(place)
		if !job.gone {
			floor.tell(job.owner, place)
		}
		place, took = job.next, 0 // the batch's time counts once
	}
}
