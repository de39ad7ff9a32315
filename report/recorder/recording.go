package recorder

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Recording is the sum of all Deltas of a run: one row per second, and histograms of the whole run. Addition
// is commutative and associative. After 24 hours rows are merged, so that memory does not grow with the run. Each row takes 60 bytes per step and about 3 bytes per distinct response
// time. Each step and outcome that occurs takes 400 kB once.
type Recording struct {
	journey          funnel.Journey
	brief            bool // keeps no response times by the second
	rows             map[int64]*row
	scheduled        uint64 // people
	started          uint64
	dropped          uint64
	finished         uint64
	acknowledged     uint64
	lag              *hdrhistogram.Histogram
	steps            []stepTotal
	moves            map[way]moved // none on a straight line
	slow             []slowest     // by step; nil if none were told
	earliest, latest int64         // first second of the first and of the last row, if there are rows
	width            int64         // seconds of a row
	peaks            []uint64      // most within 60 s while rows were narrower; see peaksSoFar
}

// row is one second.
type row struct {
	scheduled uint64
	steps     []stepRow
	response  []Sparse // by step, over all attempts sent; none in a brief Recording
}

// stepRow is one step in one second. Further rounds count too.
type stepRow struct {
	entered  uint32
	attempts uint32 // all sent, that is, all except dropped ones
	people   [funnel.OutcomeCount]uint32
}

// stepTotal is one step over the whole run.
type stepTotal struct {
	entered, retries  uint64
	attempts, people  [funnel.OutcomeCount]uint64
	response, service [funnel.OutcomeCount]*hdrhistogram.Histogram
	reasons           map[string]float64 // reasons why attempts did not complete; nil if all did
}

// NewRecording returns an empty Recording of the journey.
func NewRecording(journey funnel.Journey) *Recording {
	return &Recording{
		journey: journey, rows: make(map[int64]*row), moves: make(map[way]moved), steps: make([]stepTotal, len(journey)),
		earliest: math.MaxInt64, latest: math.MinInt64, width: 1,
	}
}

// Brief makes the Recording keep no response times by the second, and returns it. Its series has no quantiles
// and no heat; everything else is unchanged. It is for reports whose series are not drawn.
func (r *Recording) Brief() *Recording {
	r.brief = true
	return r
}

// Add adds what one shard saw in one second. Only one goroutine at a time may call it. It panics on a Delta
// that does not pass [Delta.Validate]; every Delta from [ParseDelta] does.
func (r *Recording) Add(delta Delta) {
	r.scheduled += delta.Scheduled
	r.started += delta.Started
	r.dropped += delta.Dropped
	r.finished += delta.Finished
	r.acknowledged += uint64(len(delta.Acknowledged))
	addSparse(&r.lag, delta.Lag)
	for _, m := range delta.Moves {
		r.addMove(way{m.From, m.To}, moved{m.Visits, m.People})
	}
	for _, slow := range delta.Slow {
		r.addSlow(slow)
	}
	row := r.row(delta.Second)
	row.scheduled += delta.Scheduled
	for _, step := range delta.Steps {
		r.steps[step.Step].add(step)
		row.steps[step.Step].add(step)
		if !r.brief {
			row.spread(step)
		}
	}
}

func (r *Recording) addSlow(attempt SlowDelta) {
	if r.slow == nil {
		r.slow = make([]slowest, len(r.journey))
	}
	r.slow[attempt.Step].add(attempt)
}

func (t *stepTotal) add(delta StepDelta) {
	t.entered += delta.Entered
	t.retries += delta.Retries
	for reason, n := range delta.Reasons {
		t.reasons = addCount(t.reasons, reason.String(), float64(n))
	}
	for _, ended := range delta.Ended {
		t.attempts[ended.Outcome] += ended.Attempts
		t.people[ended.Outcome] += ended.People
		addSparse(&t.response[ended.Outcome], ended.Response)
		addSparse(&t.service[ended.Outcome], ended.Service)
	}
}

// addCount adds to a map, and makes it if needed.
func addCount(counts map[string]float64, key string, n float64) map[string]float64 {
	if counts == nil {
		counts = make(map[string]float64)
	}
	counts[key] += n
	return counts
}

func addCounts(counts, more map[string]float64) map[string]float64 {
	for key, n := range more {
		counts = addCount(counts, key, n)
	}
	return counts
}

func (r *stepRow) add(delta StepDelta) {
	r.entered += uint32(delta.Entered)
	if again := delta.Again; again != nil {
		r.entered += uint32(again.Entered)
		for outcome, n := range again.Ended {
			r.people[outcome] += uint32(n)
		}
	}
	for _, ended := range delta.Ended {
		r.people[ended.Outcome] += uint32(ended.People)
		if ended.Outcome != funnel.Dropped {
			r.attempts += uint32(ended.Attempts)
		}
	}
}

// spread adds the durations of attempts.
func (r *row) spread(delta StepDelta) {
	to := &r.response[delta.Step]
	for _, ended := range delta.Ended {
		*to = to.plus(ended.Response)
	}
}

// row returns the row of a second. It merges rows if there are too many.
func (r *Recording) row(second int64) *row {
	found := r.exact(startOf(second, r.width))
	if r.length() <= mostRows {
		return found
	}
	for r.length() > mostRows {
		r.widen(wider(r.width))
	}
	return r.exact(startOf(second, r.width))
}

// exact returns the row that begins at a second.
func (r *Recording) exact(second int64) *row {
	found := r.rows[second]
	if found == nil {
		found = &row{steps: make([]stepRow, len(r.journey))}
		if !r.brief {
			found.response = make([]Sparse, len(r.journey))
		}
		r.rows[second] = found
		r.earliest, r.latest = min(r.earliest, second), max(r.latest, second)
	}
	return found
}

// Merge adds another Recording of the same journey. Do not use other afterwards.
func (r *Recording) Merge(other *Recording) error {
	if !slices.Equal(r.journey, other.journey) {
		return fmt.Errorf("the recordings have different journeys (%d and %d steps); merge parts of one run", len(r.journey), len(other.journey))
	}
	r.scheduled += other.scheduled
	r.started += other.started
	r.dropped += other.dropped
	r.finished += other.finished
	r.acknowledged += other.acknowledged
	r.lag = report.MergeHistograms(r.lag, other.lag)
	for i := range r.steps {
		r.steps[i].merge(other.steps[i])
	}
	for w, m := range other.moves {
		r.addMove(w, m)
	}
	for _, attempts := range other.slow {
		for _, attempt := range attempts {
			r.addSlow(attempt)
		}
	}
	width := max(r.width, other.width)
	r.widen(width)
	other.widen(width)
	for i, peak := range other.peaks {
		r.peaks[i] = max(r.peaks[i], peak) // both have widened, or neither
	}
	for second, from := range other.rows {
		r.row(second).merge(from)
	}
	return nil
}

func (t *stepTotal) merge(other stepTotal) {
	t.entered += other.entered
	t.retries += other.retries
	t.reasons = addCounts(t.reasons, other.reasons)
	for outcome := range t.attempts {
		t.attempts[outcome] += other.attempts[outcome]
		t.people[outcome] += other.people[outcome]
		t.response[outcome] = report.MergeHistograms(t.response[outcome], other.response[outcome])
		t.service[outcome] = report.MergeHistograms(t.service[outcome], other.service[outcome])
	}
}

func (r *row) merge(other *row) {
	r.scheduled += other.scheduled
	for i := range r.steps {
		to, from := &r.steps[i], other.steps[i]
		to.entered += from.entered
		to.attempts += from.attempts
		for outcome := range to.people {
			to.people[outcome] += from.people[outcome]
		}
	}
	for i := range r.response {
		r.response[i] = r.response[i].plus(other.response[i])
	}
}

// addSparse adds an encoded histogram to into, and makes it if needed.
func addSparse(into **hdrhistogram.Histogram, sparse Sparse) {
	if len(sparse) == 0 {
		return
	}
	if *into == nil {
		*into = newHistogram()
	}
	err := sparse.Each(func(index int, count uint64) {
		lowest, _ := LayoutRange(index)
		if err := (*into).RecordValues(lowest, int64(count)); err != nil {
			panic(err) // the layout covers every index that decodes
		}
	})
	if err != nil {
		panic(err) // Validate was not called
	}
}

// ResponseTimes yields the response times of a step over all attempts sent, row by row, from the first
// to the last second in which anything happened. It returns false if the journey has no such step or the
// Recording is brief.
func (r *Recording) ResponseTimes(step string) (iter.Seq2[int64, Sparse], bool) {
	place := r.journey.Index(step)
	return func(yield func(int64, Sparse) bool) {
		for second := r.earliest; second <= r.latest; second += r.width {
			var response Sparse
			if row := r.rows[second]; row != nil && !r.brief {
				response = row.response[place]
			}
			if !yield(second, response) {
				return
			}
		}
	}, place >= 0
}

// Seconds returns the number of whole seconds that were recorded, those before the run began not counted.
func (r *Recording) Seconds() int { return max(0, int(r.latest+r.width-1)) }

// Journey returns the steps that are recorded.
func (r *Recording) Journey() funnel.Journey { return r.journey }
