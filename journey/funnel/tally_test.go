package funnel_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// However events are divided, the tallies of the parts add up to that of all, and none gets lost.
func TestTalliesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var whole funnel.Tally
		parts := make([]funnel.Tally, 3)
		events := rapid.SliceOfN(rapid.Int64Range(-10, 400_000), 0, 60).Draw(t, "seconds")
		for _, second := range events {
			at := time.Duration(second) * time.Second
			whole.Add(at, 2)
			parts[rapid.IntRange(0, 2).Draw(t, "part")].Add(at, 2)
		}
		sum := parts[2].Plus(parts[0]).Plus(parts[1])
		if all, most := sum.Sum(); all != float64(2*len(events)) || most > all || len(sum.Counts) > 86_400 {
			t.Fatalf("%v events, %v in a bin, %d bins", all, most, len(sum.Counts))
		}
		if len(events) > 0 && !reflect.DeepEqual(sum, whole) {
			t.Fatalf("bins of %d s and %d s, %d and %d of them", sum.BinS, whole.BinS, len(sum.Counts), len(whole.Counts))
		}
	})
}
