package recorder_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
)

// Any sharding of people, any order of Deltas and any grouping of sums gives the same Recording.
func TestAdditionIsCommutativeAndAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, people := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 30).Draw(t, "people")
		shards := rapid.IntRange(1, 4).Draw(t, "shards")
		plain := recorder.NewRecording(surge.Journey())
		play(seed, people, 1, plain.Add)

		var deltas []recorder.Delta
		play(seed, people, shards, func(delta recorder.Delta) { deltas = append(deltas, delta) })
		deltas = rapid.Permutation(deltas).Draw(t, "order")
		cut := rapid.IntRange(0, len(deltas)).Draw(t, "cut")
		left, right := recorder.NewRecording(surge.Journey()), recorder.NewRecording(surge.Journey())
		for i, delta := range deltas {
			if i < cut {
				left.Add(delta)
			} else {
				right.Add(delta)
			}
		}
		if err := left.Merge(right); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(plain, left) {
			t.Fatalf("%d shards, cut at %d of %d deltas: the recordings differ", shards, cut, len(deltas))
		}
	})
}

// play spreads the same people over shards.
func play(seed uint64, people, shards int, emit func(recorder.Delta)) {
	observers := recorder.NewRecorder(surge.Journey(), shards, emit)
	for person := range people {
		random := rand.New(rand.NewPCG(seed, uint64(person)))
		at := time.Duration(random.IntN(5e9)) - time.Second
		observer := observers.Observer(person % shards)
		observer.Scheduled(at)
		for _, event := range walk(random, uint64(person), at) {
			event.send(observer)
		}
	}
	observers.Close()
}

// A Delta survives a round trip through JSON.
func TestDeltaTravels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		direct, travelled := recorder.NewRecording(surge.Journey()), recorder.NewRecording(surge.Journey())
		play(rapid.Uint64().Draw(t, "seed"), 20, 2, func(delta recorder.Delta) {
			line, err := json.Marshal(delta)
			if err != nil {
				t.Fatal(err)
			}
			again, err := recorder.ParseDelta(line, len(surge.Journey()))
			if err != nil {
				t.Fatal(err)
			}
			direct.Add(delta)
			travelled.Add(again)
		})
		if !reflect.DeepEqual(direct, travelled) {
			t.Fatal("the recordings differ")
		}
	})
}

// The funnel's books balance whatever people do, and the peak equals a simple count.
func TestFunnelAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recording := recorder.NewRecording(surge.Journey())
		play(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 40).Draw(t, "people"), 3, recording.Add)
		for _, row := range recorder.Assemble(recording, recorder.Facts{Duration: time.Minute}).Funnel {
			total := row.Passed + row.Declined + row.Abandoned + row.Rejected + row.Failed + row.TimedOut + row.Unfinished
			if total != row.Entered || row.Unfinished < 0 {
				t.Fatalf("%+v does not add up", row)
			}
		}
	})
}

func TestMergeRefusesAnotherJourney(t *testing.T) {
	err := recorder.NewRecording(surge.Journey()).Merge(recorder.NewRecording(surge.Journey()[:1]))
	if err == nil {
		t.Fatal("recordings of two journeys were merged")
	}
}

// A second is emitted when a later one begins. A late event is still counted in its own second. People
// scheduled ahead emit nothing.
func TestSecondsAreCut(t *testing.T) {
	var seconds []int64
	observers := recorder.NewRecorder(surge.Journey(), 1, func(delta recorder.Delta) { seconds = append(seconds, delta.Second) })
	observer := observers.Observer(0)
	observer.Scheduled(90 * time.Second)
	observer.Enter(0, 100*time.Millisecond)
	observer.Enter(0, -100*time.Millisecond)
	observer.Enter(0, 1500*time.Millisecond)
	observer.Enter(0, 900*time.Millisecond) // late
	observer.Enter(0, 3*time.Second)
	observers.Close()
	if want := []int64{-1, 0, 0, 1, 3, 90}; !reflect.DeepEqual(seconds, want) {
		t.Errorf("cut %v, want %v", seconds, want)
	}
}

// In a second that holds nothing new, a sample allocates nothing.
func TestObserveDoesNotAllocate(t *testing.T) {
	observer := recorder.NewRecorder(surge.Journey(), 1, func(recorder.Delta) {}).Observer(0)
	sample := funnel.Sample{Step: 1, Attempt: 1, End: 41 * time.Millisecond, Final: true}
	observer.Observe(sample)
	if allocations := testing.AllocsPerRun(1000, func() { observer.Enter(1, 0); observer.Observe(sample) }); allocations != 0 {
		t.Errorf("%v allocations per sample", allocations)
	}
}

func TestAcknowledgedAreListed(t *testing.T) {
	var people []uint64
	observers := recorder.NewRecorder(surge.Journey(), 1, func(delta recorder.Delta) { people = append(people, delta.Acknowledged...) })
	for _, sample := range []funnel.Sample{
		{Session: 9, Attempt: 1, Final: true},
		{Session: 3, Attempt: 2, Final: true},
		{Session: 4, Attempt: 1, Final: true, Outcome: funnel.TimedOut}, // never saw the answer
		{Session: 9, Step: 1, Attempt: 1, Final: true},                  // another step
	} {
		observers.Observer(0).Observe(sample)
	}
	observers.Close()
	if want := []uint64{9, 3}; !reflect.DeepEqual(people, want) {
		t.Errorf("acknowledged %v, want %v", people, want)
	}
}

func FuzzParseDelta(f *testing.F) {
	play(1, 5, 1, func(delta recorder.Delta) {
		line, _ := json.Marshal(delta)
		f.Add(line)
	})
	f.Add([]byte(`{"shard":0,"second":1,"lag":"AQ=="}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if delta, err := recorder.ParseDelta(line, len(surge.Journey())); err == nil {
			recorder.NewRecording(surge.Journey()).Add(delta) // must not panic
		}
	})
}
