package sim

import "time"

// Job identifies one request at one station, from its arrival until its service ends.
type Job int32

// noJob is the absence of a job.
const noJob Job = -1

type jobState uint8

const (
	jobWaiting jobState = iota
	jobServing
	jobHolding // served, but keeps its server
)

// job is one row of the table of jobs: 64 bytes, one cache line.
//
// Note: an array per field was rejected. An event touches nearly all fields of one job, and each would be in
// another cache line.
type job struct {
	work       time.Duration // remaining service
	since      time.Duration // when it began to wait, or its server began to work
	done       Handle        // its completion, at stations that can interrupt it
	alarm      Alarm         // its deadline
	next, prev Job           // neighbours in the queue, in service or in its batch
	owner      int32         // the client's own number for it
	station    int16
	class      uint8
	state      jobState
	gone       bool // its client has left, but the server continues to work
	begun      bool // its service has begun before
	delayed    bool // it had to wait
}

// jobs is the table of all jobs and its free rows.
type jobs struct {
	table []job
	free  []Job
}

func (j *jobs) take() Job {
	if n := len(j.free); n > 0 {
		place := j.free[n-1]
		j.free = j.free[:n-1]
		return place
	}
	j.table = append(j.table, job{})
	return Job(len(j.table) - 1)
}

func (j *jobs) give(place Job) { j.free = append(j.free, place) }

// line is a doubly linked list of jobs.
type line struct{ first, last Job }

func newLine() line { return line{noJob, noJob} }

func (l *line) pushBack(table []job, place Job) {
	table[place].next, table[place].prev = noJob, l.last
	if l.last == noJob {
		l.first = place
	} else {
		table[l.last].next = place
	}
	l.last = place
}

func (l *line) pushFront(table []job, place Job) {
	table[place].next, table[place].prev = l.first, noJob
	if l.first == noJob {
		l.last = place
	} else {
		table[l.first].prev = place
	}
	l.first = place
}

func (l *line) remove(table []job, place Job) {
	next, prev := table[place].next, table[place].prev
	if prev == noJob {
		l.first = next
	} else {
		table[prev].next = next
	}
	if next == noJob {
		l.last = prev
	} else {
		table[next].prev = prev
	}
}
