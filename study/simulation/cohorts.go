package simulation

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
)

// cohorts divides what it observes among batches of equal length, and records all of them together too. An attempt
// belongs to the batch in which the person came to the step, so that the books of each batch balance. What lies before
// the first batch or after the last is left out.
type cohorts struct {
	from, length time.Duration
	whole        *recorder.ShardObserver
	batches      []*recorder.ShardObserver
	came         map[visit]int // batch of visits whose last attempt is not known
	latest       int           // batch of the latest attempt or visit; -1 means none
	begins       int           // batch of the person who begins
}

// visit is one visit of a person to a step.
type visit struct {
	person uint64
	step   int
	round  uint16
}

func newCohorts(from, length time.Duration, whole *recorder.ShardObserver, batches []*recorder.ShardObserver) *cohorts {
	return &cohorts{from: from, length: length, whole: whole, batches: batches, came: map[visit]int{}, latest: -1, begins: -1}
}

// batchOf returns the batch of an instant, or -1.
func (c *cohorts) batchOf(at time.Duration) int {
	if at < c.from || at >= c.from+c.length*time.Duration(len(c.batches)) {
		return -1
	}
	return int((at - c.from) / c.length)
}

// both calls do with the observer of all batches and with that of one, if there is one.
func (c *cohorts) both(batch int, do func(*recorder.ShardObserver)) {
	if batch >= 0 {
		do(c.whole)
		do(c.batches[batch])
	}
}

// Enter implements funnel.Observer.
func (c *cohorts) Enter(step int, intended time.Duration) {
	c.latest = c.batchOf(intended)
	c.both(c.latest, func(o *recorder.ShardObserver) { o.Enter(step, intended) })
}

// Observe implements funnel.Observer.
func (c *cohorts) Observe(s funnel.Sample) {
	at := visit{s.Session, s.Step, s.Round}
	batch, known := c.came[at]
	switch {
	case !known:
		batch = c.batchOf(s.Intended)
		if !s.Final {
			c.came[at] = batch
		}
	case s.Final:
		delete(c.came, at)
	}
	c.latest = batch
	c.both(batch, func(o *recorder.ShardObserver) { o.Observe(s) })
}

// Move implements funnel.Moves.
func (c *cohorts) Move(from, to int, first bool) {
	c.both(c.latest, func(o *recorder.ShardObserver) { o.Move(from, to, first) })
}

// Again implements funnel.Moves.
func (c *cohorts) Again(step int, intended time.Duration) {
	c.latest = c.batchOf(intended)
	c.both(c.latest, func(o *recorder.ShardObserver) { o.Again(step, intended) })
}

// Scheduled implements funnel.Crowd.
func (c *cohorts) Scheduled(at time.Duration) {
	c.begins = c.batchOf(at)
	c.both(c.begins, func(o *recorder.ShardObserver) { o.Scheduled(at) })
}

// Started implements funnel.Crowd.
func (c *cohorts) Started() { c.both(c.begins, (*recorder.ShardObserver).Started) }

// DroppedPerson implements funnel.Crowd. A simulation drops nobody.
func (c *cohorts) DroppedPerson() { c.both(c.begins, (*recorder.ShardObserver).DroppedPerson) }

// Finished implements funnel.Crowd. It counts people by the end of their walk.
func (c *cohorts) Finished(at time.Duration) {
	c.both(c.batchOf(at), func(o *recorder.ShardObserver) { o.Finished(at) })
}

var (
	_ funnel.Observer = (*cohorts)(nil)
	_ funnel.Crowd    = (*cohorts)(nil)
	_ funnel.Moves    = (*cohorts)(nil)
)
