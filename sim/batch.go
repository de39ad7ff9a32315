package sim

import "time"

// batching is the state of a station that works off many requests at once.
type batching struct {
	armed bool // a tick is due at which the first in the queue is of age
}

// gather starts batches while a server is free and there is enough to do, and else waits for company.
func (s *Station) gather() {
	for s.busy < s.servers && s.waiting > 0 {
		first := s.floor.jobs.table[s.queues[s.oldestClass()].first]
		ripe := first.since + s.Batch.Age
		if s.waiting < s.Batch.Rows && ripe > s.floor.engine.now {
			if !s.batch.armed {
				s.batch.armed = true
				s.floor.engine.At(ripe, NewEvent(s.floor.kinds+tickKind, int32(s.number)))
			}
			return
		}
		s.startBatch()
	}
}

func (s *Station) oldestClass() int {
	for class := range s.queues {
		if s.queues[class].first != noJob {
			return class
		}
	}
	return 0
}

// ripe is the tick: company or not, the first in the queue has waited long enough.
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
	defer s.bringAlong()
	s.floor.engine.After(table[leader].work+time.Duration(rows)*s.Batch.PerRow, NewEvent(s.floor.kinds+servedKind, int32(leader)))
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
			floor.client.Served(job.owner, place)
		}
		place, took = job.next, 0 // the batch's time counts once
	}
}
