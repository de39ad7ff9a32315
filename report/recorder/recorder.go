package recorder

import (
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Recorder holds one [ShardObserver] for each goroutine that plays people.
type Recorder struct {
	shards []*ShardObserver
}

// NewRecorder returns a Recorder of the journey. Emit is called with every finished second, on the goroutine
// of the shard that saw it. With several goroutines it must be safe for concurrent use.
func NewRecorder(journey funnel.Journey, shards int, emit func(Delta)) *Recorder {
	recorder := &Recorder{}
	for shard := range shards {
		recorder.shards = append(recorder.shards, newShardObserver(journey, shard, emit))
	}
	return recorder
}

// Brief makes the Recorder keep one histogram of the whole run instead of one per second, and returns it.
// Counts are still kept by the second. Use it with a brief Recording.
func (r *Recorder) Brief() *Recorder {
	for _, shard := range r.shards {
		shard.whole = shard.fresh()
	}
	return r
}

// Observer returns the observer of a shard, counted from 0. Only one goroutine may use it.
func (r *Recorder) Observer(shard int) *ShardObserver { return r.shards[shard] }

// Close emits everything that the shards still hold. Call it after their goroutines end.
func (r *Recorder) Close() {
	for _, shard := range r.shards {
		shard.Close()
	}
}

// ShardObserver counts what the people of one goroutine do. It takes no lock, and allocates only if a second
// holds something new.
type ShardObserver struct {
	shard   int
	journey funnel.Journey
	signUp  int // index of the sign-up step, or -1
	emit    func(Delta)
	now     *tally           // the latest second seen
	last    int64            // last emitted second
	whole   *tally           // histograms of the whole run; nil if times are counted by the second
	open    map[int64]*tally // every second with counts, including the latest
	spare   []*tally
	free    []*counts
	slow    map[int]*slowest // by step, of those whose slowest attempts are told; nil if none are
}

var (
	_ funnel.Observer = (*ShardObserver)(nil)
	_ funnel.Moves    = (*ShardObserver)(nil)
)

func newShardObserver(journey funnel.Journey, shard int, emit func(Delta)) *ShardObserver {
	o := &ShardObserver{
		shard: shard, journey: journey, signUp: journey.SigningUp(),
		emit: emit, open: make(map[int64]*tally),
	}
	o.now = o.at(0)
	return o
}

// Enter implements funnel.Observer.
func (o *ShardObserver) Enter(step int, intended time.Duration) {
	o.reach(wholeSecond(intended)).use(step).entered++
}

// Observe implements funnel.Observer. An attempt counts in the second it ended. Every Sample is one attempt
// with its own number, including abandoned and dropped ones, because the books compare first attempts with
// people entered.
func (o *ShardObserver) Observe(sample funnel.Sample) {
	t := o.reach(wholeSecond(sample.End))
	step := t.use(sample.Step)
	ended := &step.ended[sample.Outcome]
	ended.attempts++
	switch {
	case sample.Final && sample.Round == 0:
		ended.people++
	case sample.Final:
		step.again().Ended[sample.Outcome]++
	}
	if sample.Reason != 0 && sample.Outcome != funnel.Completed {
		step.blame(sample.Reason)
	}
	if sample.Outcome == funnel.Dropped {
		return
	}
	if sample.Attempt > 1 {
		step.retries++
	}
	o.addTimes(t, &sample)
	if o.slow != nil {
		o.exemplify(t, &sample)
	}
	if sample.Step == o.signUp && sample.Outcome == funnel.Completed && sample.Round == 0 {
		t.acknowledged = append(t.acknowledged, sample.Session)
	}
}

// addTimes counts the response and service time of an attempt, in the second or over the whole run.
func (o *ShardObserver) addTimes(t *tally, sample *funnel.Sample) {
	if o.whole != nil {
		t = o.whole
	}
	t.use(sample.Step).ended[sample.Outcome].addTimes(sample, &o.free)
	if o.journey[sample.Step].Kind != funnel.Await {
		take(&t.lag, &o.free, micros(sample.Wait()))
	}
}

// Move implements funnel.Moves. A way counts in the latest second seen.
func (o *ShardObserver) Move(from, to int, first bool) { o.now.move(from, to, first) }

// Again implements funnel.Moves.
func (o *ShardObserver) Again(step int, intended time.Duration) {
	o.reach(wholeSecond(intended)).use(step).again().Entered++
}

// Scheduled records that a person is meant to begin at the given instant, which may lie ahead.
func (o *ShardObserver) Scheduled(at time.Duration) { o.at(wholeSecond(at)).scheduled++ }

// Started records that a person began.
func (o *ShardObserver) Started() { o.now.started++ }

// DroppedPerson records that a person could not begin because the generator could not keep up.
func (o *ShardObserver) DroppedPerson() { o.now.dropped++ }

// Finished records that a person's journey ended, well or not, at an instant.
func (o *ShardObserver) Finished(at time.Duration) { o.reach(wholeSecond(at)).finished++ }

// Close emits every second that is still open.
func (o *ShardObserver) Close() {
	latest := o.now.second
	for _, second := range sortedKeys(o.open) {
		o.cut(second)
	}
	if o.whole != nil {
		o.whole.second = o.last
		o.emitTally(o.whole)
	}
	o.now = o.at(latest)
}

// reach returns the tally of a second. A second after the latest emits those before it.
func (o *ShardObserver) reach(second int64) *tally {
	if second == o.now.second {
		return o.now
	}
	if second < o.now.second {
		return o.at(second)
	}
	for _, past := range sortedKeys(o.open) {
		if past < second {
			o.cut(past)
		}
	}
	o.now = o.at(second)
	return o.now
}

// at returns the tally of a second, and makes it if needed.
func (o *ShardObserver) at(second int64) *tally {
	if t := o.open[second]; t != nil {
		return t
	}
	t := o.fresh()
	t.second = second
	o.open[second] = t
	return t
}

// fresh returns an empty tally.
func (o *ShardObserver) fresh() *tally {
	n := len(o.spare)
	if n == 0 {
		return &tally{steps: make([]stepTally, len(o.journey))}
	}
	t := o.spare[n-1]
	o.spare = o.spare[:n-1]
	return t
}

// cut emits a second unless nothing happened in it.
func (o *ShardObserver) cut(second int64) {
	t := o.open[second]
	delete(o.open, second)
	o.emitTally(t)
	o.spare = append(o.spare, t)
}

// emitTally emits a tally unless it is empty, and empties it.
func (o *ShardObserver) emitTally(t *tally) {
	if delta := t.cut(o.shard, &o.free); delta.holdsAny() {
		o.last = delta.Second
		o.emit(delta)
	}
}

// holdsAny reports whether anything happened.
func (d Delta) holdsAny() bool {
	return d.Scheduled+d.Started+d.Dropped+d.Finished > 0 || len(d.Steps)+len(d.Moves) > 0
}

func wholeSecond(at time.Duration) int64 {
	second := int64(at / time.Second)
	if at < 0 && at%time.Second != 0 {
		second--
	}
	return second
}

func sortedKeys[V any](m map[int64]V) []int64 {
	keys := make([]int64, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Reach emits every second before an instant, of a Recorder with one goroutine at rest. Later seconds stay open.
func (r *Recorder) Reach(at time.Duration) {
	for _, shard := range r.shards {
		shard.reach(max(shard.now.second, wholeSecond(at)))
	}
}
