package recorder

import (
	"cmp"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// mostSlow is the most examples of slow attempts at a step.
const mostSlow = 10

// SlowDelta is an attempt that was among the slowest of its step when it ended.
type SlowDelta struct {
	Step     int            `json:"step"` // index in the journey
	Person   uint64         `json:"person"`
	Round    int            `json:"round,omitempty"`
	Attempt  int            `json:"attempt"`
	At       time.Duration  `json:"at"` // when it ended, in real time since the start of the run
	Response time.Duration  `json:"response"`
	Outcome  funnel.Outcome `json:"outcome"`
	Reason   funnel.Reason  `json:"reason"`
}

// bySlowness orders attempts, the slowest first.
func bySlowness(a, b SlowDelta) int {
	return cmp.Or(cmp.Compare(b.Response, a.Response), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Round, b.Round), cmp.Compare(a.Attempt, b.Attempt))
}

// slowest is the slowest attempts at a step, in order.
type slowest []SlowDelta

// add adds an attempt if it is one of the slowest, and reports whether it is.
func (s *slowest) add(attempt SlowDelta) bool {
	at, _ := slices.BinarySearchFunc(*s, attempt, bySlowness)
	if at >= mostSlow {
		return false
	}
	*s = slices.Insert(*s, at, attempt)
	*s = (*s)[:min(len(*s), mostSlow)]
	return true
}

// Exemplify makes the Recorder tell the slowest attempts at the steps with the given indexes, if there are any, and returns it.
func (r *Recorder) Exemplify(steps []int) *Recorder {
	if len(steps) == 0 {
		return r
	}
	for _, shard := range r.shards {
		shard.slow = map[int]*slowest{}
		for _, step := range steps {
			shard.slow[step] = &slowest{}
		}
	}
	return r
}

// exemplify tells an attempt if it is one of the slowest so far.
func (o *ShardObserver) exemplify(t *tally, sample *funnel.Sample) {
	attempt := SlowDelta{
		Step: sample.Step, Person: sample.Session, Round: int(sample.Round), Attempt: sample.Attempt,
		At: sample.End, Response: sample.ResponseTime(), Outcome: sample.Outcome, Reason: sample.Reason,
	}
	if so := o.slow[sample.Step]; so != nil && so.add(attempt) {
		t.slow = append(t.slow, attempt)
	}
}

// examples returns the slowest attempts of a step with the ids of their traces.
func (s slowest) examples(step, run string) (all []report.Slow) {
	for _, a := range s {
		all = append(all, report.Slow{
			ResponseTimeS: a.Response.Seconds(), AtS: a.At.Seconds(), Outcome: a.Outcome.String(), Reason: a.Reason.String(),
			TraceID: funnel.Attempt{Run: run, Person: a.Person, Step: step, Round: a.Round, Number: a.Attempt}.TraceID(),
		})
	}
	return all
}

// mergedSlow returns the slowest of two lists.
func mergedSlow(a, b []report.Slow) []report.Slow {
	if len(b) == 0 {
		return a
	}
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(a, b report.Slow) int {
		return cmp.Or(cmp.Compare(b.ResponseTimeS, a.ResponseTimeS), cmp.Compare(a.TraceID, b.TraceID))
	})
	return all[:min(len(all), mostSlow)]
}
