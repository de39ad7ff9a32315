package recorder

import (
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// counts is a histogram of one second: a flat array, and a list of the indexes that are not zero, so that
// clearing it visits only those.
type counts struct {
	at      [LayoutLength]uint32
	touched []int32
}

func (c *counts) add(micros int64) {
	index := layoutIndex(micros)
	if c.at[index] == 0 {
		c.touched = append(c.touched, int32(index))
	}
	c.at[index]++
}

// copy makes an empty histogram equal to another.
func (c *counts) copy(other *counts) {
	c.touched = append(c.touched, other.touched...)
	for _, index := range other.touched {
		c.at[index] = other.at[index]
	}
}

// cut returns the encoded counts and empties the histogram.
func (c *counts) cut() Sparse {
	slices.Sort(c.touched)
	w := sparseWriter{bytes: make(Sparse, 0, 3*len(c.touched))}
	for _, index := range c.touched {
		w.add(int(index), uint64(c.at[index]))
		c.at[index] = 0
	}
	c.touched = c.touched[:0]
	return w.bytes
}

// tally is one second of one shard while it is being counted.
type tally struct {
	second                                int64
	scheduled, started, dropped, finished uint64
	lag                                   *counts
	acknowledged                          Indexes
	steps                                 []stepTally
	moves                                 []MoveDelta // few, so a list is faster than a map
	slow                                  []SlowDelta
}

// move counts a way from a step to another.
func (t *tally) move(from, to int, first bool) {
	people := uint64(0)
	if first {
		people = 1
	}
	for i := range t.moves {
		if m := &t.moves[i]; m.From == from && m.To == to {
			m.Visits++
			m.People += people
			return
		}
	}
	t.moves = append(t.moves, MoveDelta{From: from, To: to, Visits: 1, People: people})
}

// use returns the tally of a step for counting.
func (t *tally) use(step int) *stepTally {
	t.steps[step].used = true
	return &t.steps[step]
}

type stepTally struct {
	used             bool // whether anything is counted here
	entered, retries uint64
	rounds           *AgainDelta // further rounds; nil if there are none
	ended            [funnel.OutcomeCount]outcomeTally
	reasons          []reasonCount // few, so a list is faster than a map
}

// reasonCount is a reason why attempts did not complete, with their number.
type reasonCount struct {
	reason   funnel.Reason
	attempts uint64
}

// again returns the counts of further rounds.
func (t *stepTally) again() *AgainDelta {
	if t.rounds == nil {
		t.rounds = &AgainDelta{}
	}
	return t.rounds
}

func (t *stepTally) blame(reason funnel.Reason) {
	for i := range t.reasons {
		if t.reasons[i].reason == reason {
			t.reasons[i].attempts++
			return
		}
	}
	t.reasons = append(t.reasons, reasonCount{reason, 1})
}

// cutReasons returns the reasons why attempts did not complete, and empties the list.
func (t *stepTally) cutReasons() map[funnel.Reason]uint64 {
	if len(t.reasons) == 0 {
		return nil
	}
	reasons := make(map[funnel.Reason]uint64, len(t.reasons))
	for _, b := range t.reasons {
		reasons[b.reason] = b.attempts
	}
	t.reasons = t.reasons[:0]
	return reasons
}

type outcomeTally struct {
	attempts, people uint64
	response         *counts
	service          *counts // nil while it equals the response: no attempt waited to be sent
}

// any reports whether anything is counted here.
func (t *outcomeTally) any() bool { return t.attempts > 0 || t.response != nil }

// addTimes counts the response and service time of an attempt.
func (t *outcomeTally) addTimes(sample *funnel.Sample, free *[]*counts) {
	if t.service == nil && sample.Wait() != 0 && t.response != nil {
		t.service = fresh(free)
		t.service.copy(t.response)
	}
	take(&t.response, free, micros(sample.ResponseTime()))
	if t.service != nil || sample.Wait() != 0 {
		take(&t.service, free, micros(sample.ServiceTime()))
	}
}

// cut returns the encoded counts and returns the histograms to the free list.
func (t *outcomeTally) cut(free *[]*counts) (response, service Sparse) {
	response = give(&t.response, free)
	if t.service == nil {
		return response, response
	}
	return response, give(&t.service, free)
}

// cut returns the tally as a Delta, returns its histograms to the free list and empties it.
func (t *tally) cut(shard int, free *[]*counts) Delta {
	delta := Delta{
		Shard: shard, Second: t.second,
		Scheduled: t.scheduled, Started: t.started, Dropped: t.dropped, Finished: t.finished,
		Lag: give(&t.lag, free), Acknowledged: slices.Clone(t.acknowledged), Moves: slices.Clone(t.moves), Slow: t.slow,
	}
	steps, outcomes := t.size()
	delta.Steps = slices.Grow(delta.Steps, steps)
	ended := make([]OutcomeDelta, 0, outcomes) // of all steps, one after the other
	for i := range t.steps {
		if t.steps[i].used {
			first := len(ended)
			step := t.steps[i].cut(i, &ended, free)
			step.Ended = ended[first:len(ended):len(ended)]
			delta.Steps = append(delta.Steps, step)
		}
	}
	*t = tally{steps: t.steps, acknowledged: t.acknowledged[:0], moves: t.moves[:0]}
	return delta
}

// size returns the number of steps, and of outcomes of steps, that hold anything.
func (t *tally) size() (steps, outcomes int) {
	for i := range t.steps {
		if !t.steps[i].used {
			continue
		}
		steps++
		for outcome := range t.steps[i].ended {
			if t.steps[i].ended[outcome].any() {
				outcomes++
			}
		}
	}
	return steps, outcomes
}

// cut returns the tally of a step and empties it. It appends the outcomes to those of the other steps.
func (t *stepTally) cut(step int, outcomes *[]OutcomeDelta, free *[]*counts) StepDelta {
	delta := StepDelta{Step: step, Entered: t.entered, Again: t.rounds, Retries: t.retries, Reasons: t.cutReasons()}
	for outcome := range t.ended {
		ended := &t.ended[outcome]
		if !ended.any() {
			continue
		}
		response, service := ended.cut(free)
		*outcomes = append(*outcomes, OutcomeDelta{
			Outcome: funnel.Outcome(outcome), Attempts: ended.attempts, People: ended.people, Response: response, Service: service,
		})
	}
	*t = stepTally{reasons: t.reasons}
	return delta
}

// give encodes a histogram and puts it on the free list.
func give(histogram **counts, free *[]*counts) Sparse {
	if *histogram == nil {
		return nil
	}
	sparse := (*histogram).cut()
	*free = append(*free, *histogram)
	*histogram = nil
	return sparse
}

// take counts a value in a histogram, which it takes from the free list if needed.
func take(histogram **counts, free *[]*counts, micros int64) {
	if *histogram == nil {
		*histogram = fresh(free)
	}
	(*histogram).add(micros)
}

// fresh returns an empty histogram, from the free list if possible.
func fresh(free *[]*counts) *counts {
	n := len(*free)
	if n == 0 {
		return new(counts)
	}
	histogram := (*free)[n-1]
	*free = (*free)[:n-1]
	return histogram
}
