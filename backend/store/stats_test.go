package store

import (
	"math"
	"testing"
	"time"
)

// TestCountersAddSquares checks the sums from which the mean and variance of transaction times are computed.
func TestCountersAddSquares(t *testing.T) {
	s := &Store{}
	for _, busy := range []time.Duration{time.Second, time.Second, time.Second, 5 * time.Second} {
		s.counters.add(2, busy, busy/2)
	}
	stats := s.Stats()
	if stats.Batches != 4 || stats.Rows != 8 || stats.BusyTime != 8*time.Second || stats.CommitTime != 4*time.Second || math.Abs(stats.BusySquare-28) > 1e-9 {
		t.Errorf("%+v", stats)
	}
}
