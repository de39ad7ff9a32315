package recorder

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The flat array counts as hdrhistogram-go does, and so do the quantiles of a second.
func TestLayoutIsThatOfHdrHistogram(t *testing.T) {
	if length := len(newHistogram().Export().Counts); length != LayoutLength {
		t.Fatalf("layoutLength is %d, hdrhistogram-go has %d", LayoutLength, length)
	}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 2*int64(time.Hour)), 1, 200).Draw(t, "nanoseconds")
		ours, theirs := new(counts), newHistogram()
		for _, value := range values {
			v := micros(time.Duration(value))
			ours.add(v)
			if err := theirs.RecordValue(v); err != nil {
				t.Fatal(err)
			}
		}
		for index, count := range theirs.Export().Counts {
			if int64(ours.at[index]) != count {
				t.Fatalf("%d values at %d, hdrhistogram-go counts %d", ours.at[index], index, count)
			}
		}
		sparse := ours.cut()
		percentile := rapid.Float64Range(0.001, 100).Draw(t, "percentile")
		if got, want := sparse.quantiles(percentile)[0], theirs.ValueAtPercentile(percentile); got != want {
			t.Fatalf("p%v is %d, hdrhistogram-go says %d", percentile, got, want)
		}
		if len(ours.cut()) != 0 {
			t.Fatal("cut left counts behind")
		}
	})
}
