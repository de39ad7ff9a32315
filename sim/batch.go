package sim

import "time"

// batching is the state of a station that works off many requests at once.
type batching struct {
	open  bool          // a server has taken the first request of a batch, and waits for company
	ripe  time.Duration // when that ends
	armed bool          // a tick is due
}

// gather opens a batch while a server is free and there is something to do. It starts when it is full,
// or of age: the first in the queue may have waited before, for the server.
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

// ripe is the tick: a batch is of age; it may have filled up before, and another be open.
func (s *Station) ripe() {
	s.batch.armed = false
	s.gather()
}

// startBatch gives one server all that waits, up to the limit. The first job carries the others.
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
	}
	s.busy++
	s.stats.batches++
	defer s.bringAlong() // behind the batch itself
	work := time.Duration(rows) * s.Batch.PerRow
	if s.Batch.Elsewhere && work > 0 {
		if _, why := s.floor.Enter(s.Batch.At, batchOf(leader), 0, work); why == Taken {
			return
		}
		work = 0 // where it is turned away, nobody minds
	}
	s.commit(leader, work)
}

// commit begins a batch's own service, after the work on its rows or with it.
func (s *Station) commit(leader Job, rows time.Duration) {
	s.floor.engine.After(s.floor.jobs.table[leader].work+rows, NewEvent(s.floor.kinds+servedKind, int32(leader)))
}

// batchOf is the owner of the work on a batch's rows, where another station does it.
func batchOf(leader Job) int32 { return nobody - 1 - int32(leader) }

// tell says that a job's service has ended, to the batch that waits for it or to the client.
func (f *Floor) tell(owner int32, place Job) {
	if owner >= nobody {
		f.client.Served(owner, place)
		return
	}
	leader := Job(nobody - 1 - owner)
	f.stations[f.jobs.table[leader].station].commit(leader, 0)
}

// nobody owns the work that a batch brings to another station.
const nobody = -1

// bringAlong lets a batch's other work come.
func (s *Station) bringAlong() {
	if s.Batch.Also > 0 {
		_, _ = s.floor.Enter(s.Batch.At, nobody, 0, s.Batch.Also) // where it is turned away, nobody minds
	}
}

// servedBatch ends the service of all jobs of a batch.
func (s *Station) servedBatch(leader Job) {
	s.accrue()
	s.busy--
	floor := s.floor
	took := floor.engine.now - floor.jobs.table[leader].since
	s.gather()
	for place := leader; place != noJob; {
		job := floor.jobs.table[place]
		s.count(job.gone, took)
		floor.jobs.give(place)
		if !job.gone {
			floor.tell(job.owner, place)
		}
		place, took = job.next, 0 // the batch's time counts once
	}
}
