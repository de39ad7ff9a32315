package recorder

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// TestServiceIsCountedOnlyWhereItDiffers: response and service times of a second are the same as if each
// attempt had been counted in both histograms, wherever the first wait occurs.
func TestServiceIsCountedOnlyWhereItDiffers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var free []*counts
		for range rapid.IntRange(1, 3).Draw(t, "seconds") {
			var tally outcomeTally
			response, service := new(counts), new(counts)
			for range rapid.IntRange(0, 20).Draw(t, "attempts") {
				start := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 70}).Draw(t, "wait")) * time.Millisecond
				sample := funnel.Sample{Start: start, End: start + time.Duration(rapid.IntRange(0, 50).Draw(t, "took"))*time.Millisecond}
				tally.addTimes(&sample, &free)
				response.add(micros(sample.ResponseTime()))
				service.add(micros(sample.ServiceTime()))
			}
			gotResponse, gotService := tally.cut(&free)
			if !bytes.Equal(gotResponse, response.cut()) || !bytes.Equal(gotService, service.cut()) {
				t.Fatal("the histograms differ")
			}
		}
	})
}
