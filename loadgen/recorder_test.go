package loadgen_test

import (
	"sync"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// recorder keeps every sample. Several shards share it behind a lock.
type recorder struct {
	mu      sync.Mutex
	samples []funnel.Sample
	entered map[int]int
	again   map[int]int    // further rounds
	ways    map[[2]int]int // people by the ways that they took
	sched   int
	started int
	dropped int
	ended   int
}

type shardRecorder struct{ *recorder }

func (r shardRecorder) locked(f func()) { r.mu.Lock(); defer r.mu.Unlock(); f() }

func (r shardRecorder) Enter(step int, _ time.Duration) { r.locked(func() { r.entered[step]++ }) }
func (r shardRecorder) Observe(s funnel.Sample) {
	r.locked(func() { r.samples = append(r.samples, s) })
}
func (r shardRecorder) Scheduled(time.Duration) { r.locked(func() { r.sched++ }) }
func (r shardRecorder) Started()                { r.locked(func() { r.started++ }) }
func (r shardRecorder) DroppedPerson()          { r.locked(func() { r.dropped++ }) }
func (r shardRecorder) Finished(time.Duration)  { r.locked(func() { r.ended++ }) }

func (r shardRecorder) Again(step int, _ time.Duration) {
	r.locked(func() { r.again[step]++ })
}

func (r shardRecorder) Move(from, to int, first bool) {
	r.locked(func() {
		if first {
			r.ways[[2]int{from, to}]++
		}
	})
}

var (
	_ funnel.Crowd = shardRecorder{}
	_ funnel.Moves = shardRecorder{}
)

func newRecorder() *recorder {
	return &recorder{entered: map[int]int{}, again: map[int]int{}, ways: map[[2]int]int{}}
}

func (r *recorder) outcomes() map[funnel.Outcome]int {
	counts := map[funnel.Outcome]int{}
	for _, s := range r.samples {
		counts[s.Outcome]++
	}
	return counts
}
