package drill

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// However the readings of several parts come in between each other, the last sum has every count of every part, and no count
// and no instant goes back as long as none of a part's does.
func TestSumsOfReadings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s summing
		parts := rapid.IntRange(1, 4).Draw(t, "parts")
		latest, last := map[int]funnel.Reading{}, funnel.Reading{}
		for range rapid.IntRange(1, 40).Draw(t, "readings") {
			part := rapid.IntRange(0, parts-1).Draw(t, "part")
			more := func(of string) uint64 { return rapid.Uint64Range(0, 9).Draw(t, of) }
			now := latest[part]
			now.Station, now.Servers, now.Queued = "store", 2, int(more("queued"))
			now.At += time.Duration(more("ms")) * time.Millisecond
			now.Completions, now.Arrivals, now.Batches = now.Completions+more("completions"), now.Arrivals+more("arrivals"), now.Batches+more("batches")
			now.BusyTime += time.Duration(more("busy"))
			latest[part] = now
			last = s.of(part, now)
			want := funnel.Reading{Station: "store", At: last.At}
			for _, one := range latest {
				want = plus(want, one)
			}
			if last != want {
				t.Fatalf("the sum is %+v, want %+v", last, want)
			}
			if len(latest) > 1 && last.At < now.At {
				t.Fatalf("the sum is of %v, before the reading of %v", last.At, now.At)
			}
		}
		if other := s.of(0, funnel.Reading{Station: "mail", Completions: 1}); other.Completions != 1 {
			t.Fatalf("another station has %d completions", other.Completions)
		}
	})
}

// One part's readings stay as they are, so that a run on one machine reports what it always has.
func TestASingleBackendIsNotSummed(t *testing.T) {
	t.Parallel()
	var s summing
	for _, at := range []time.Duration{2 * time.Second, time.Second} {
		if got := s.of("backend", funnel.Reading{Station: "store", At: at, QueueMax: 3}); got.At != at || got.QueueMax != 3 {
			t.Errorf("%+v", got)
		}
	}
}
