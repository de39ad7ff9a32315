package setup

import "testing"

// TestRequestsUnderWay: a service that stalls is seen as such, and not as a generator at its limit.
func TestRequestsUnderWay(t *testing.T) {
	for _, test := range []struct {
		why        string
		peakPerMin int
		least      int
		most       int
	}{
		{"100 people per second who all wait for the usual timeout of 10 s", 100 * 60, 100 * 10, 14_000},
		{"a run of some seconds, whose minute is hardly filled", 2752, 128 * 8, 14_000},
		{"a stall of two seconds at 1,000 per second", 60_000, 2_000, 14_000},
		{"descriptors of two processes", 10_000_000, 14_000, 14_000},
	} {
		if got := inFlight(test.peakPerMin); got < test.least || got > test.most {
			t.Errorf("%s: %d requests under way at %d people in the busiest minute, want %d to %d", test.why, got, test.peakPerMin, test.least, test.most)
		}
	}
}
