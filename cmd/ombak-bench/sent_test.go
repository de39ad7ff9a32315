//go:build linux

package main

import (
	"testing"
	"time"
)

func TestSentOff(t *testing.T) {
	for _, test := range []struct {
		why  string
		come func(i int) time.Duration // at 1,000 a second
		want time.Duration
	}{
		{"a late beginning is no error", func(i int) time.Duration { return 7*time.Second + time.Duration(i)*time.Millisecond }, 0},
		{"bursts of ten", func(i int) time.Duration { return time.Duration(i/10*10) * time.Millisecond }, 5 * time.Millisecond},
		{"a pause of a tenth", func(i int) time.Duration {
			if i >= 450 && i < 550 {
				return 550 * time.Millisecond
			}
			return time.Duration(i) * time.Millisecond
		}, 91 * time.Millisecond},
	} {
		came := &arrivals{at: make([]time.Duration, 1000)}
		for i := range came.at {
			came.at[i] = test.come(i)
		}
		came.next.Store(1000)
		if off := came.off(1000); off != test.want {
			t.Errorf("%s: off by %v, not %v", test.why, off, test.want)
		}
	}
}
