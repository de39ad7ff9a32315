package recorder

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The layout of all histograms: whole microseconds from 1 µs to 1 h at three significant digits.
const (
	lowestMicros  = 1
	highestMicros = int64(time.Hour / time.Microsecond)
	digits        = 3
	subBuckets    = 2048 // power of two that gives three digits
	halfMagnitude = 10   // log2 of half of them
	LayoutLength  = 23 << halfMagnitude
)

// newHistogram returns an empty histogram of the layout.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(lowestMicros, highestMicros, digits)
}

// micros rounds a duration to whole microseconds and clamps it into the layout.
func micros(d time.Duration) int64 {
	return min(max(int64((d+time.Microsecond/2)/time.Microsecond), lowestMicros), highestMicros)
}

// layoutIndex returns the index of a clamped value in the flat array of counts.
func layoutIndex(micros int64) int {
	bucket := bits.Len64(uint64(micros|(subBuckets-1))) - (halfMagnitude + 1)
	sub := int(micros >> bucket)
	return (bucket+1)<<halfMagnitude + sub - 1<<halfMagnitude
}

// LayoutRange returns the lowest value counted at an index, and the number of values counted there.
func LayoutRange(index int) (lowest, size int64) {
	bucket, sub := index>>halfMagnitude-1, index&(1<<halfMagnitude-1)+1<<halfMagnitude
	if bucket < 0 {
		bucket, sub = 0, sub-1<<halfMagnitude
	}
	return int64(sub) << bucket, 1 << bucket
}

// seconds converts microseconds to seconds.
func seconds(micros int64) float64 { return float64(micros) / 1e6 }
