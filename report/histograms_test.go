package report

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A damaged histogram in a report gives an error and never a panic.
func FuzzDecodeHistogram(f *testing.F) {
	histogram := hdrhistogram.New(1, 3600e6, 3)
	for _, d := range []time.Duration{time.Microsecond, time.Millisecond, time.Second} {
		if err := histogram.RecordValue(d.Microseconds()); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(EncodeHistogram(histogram))
	f.Add("HISTFAAAA")
	f.Add("")
	f.Fuzz(func(_ *testing.T, text string) {
		decoded, err := DecodeHistogram(text)
		if err == nil {
			QuantilesOf(MergeHistograms(hdrhistogram.New(1, 3600e6, 3), decoded))
		}
	})
}
