package report

import (
	"testing"
	"time"
)

// A histogram in a report may hold anything; reading it fails, never panics.
func FuzzDecodeHistogram(f *testing.F) {
	histogram := newHistogram()
	for _, d := range []time.Duration{time.Microsecond, time.Millisecond, time.Second} {
		if err := histogram.RecordValue(micros(d)); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(encodeHistogram(histogram))
	f.Add("HISTFAAAA")
	f.Add("")
	f.Fuzz(func(_ *testing.T, text string) {
		decoded, err := decodeHistogram(text)
		if err == nil {
			quantilesOf(mergeHistograms(newHistogram(), decoded))
		}
	})
}
