package main

import (
	"testing"
	"time"
)

// TestSearchTakes: a quiet search says beforehand how long it takes at the most.
func TestSearchTakes(t *testing.T) {
	for _, test := range []struct {
		why            string
		levels         int
		first, longest time.Duration
		want           string
	}{
		{"levels that may be longer than the first", 4, 243 * time.Second, 305 * time.Second, "the search takes at most 20 min: 4 levels of up to 5.1 min; the first takes about 4.0 min"},
		{"levels of one length", 3, time.Minute, time.Minute, "the search takes at most 3 min: 3 levels of up to 60 s"},
		{"one level", 1, time.Minute, time.Minute, "the search takes at most 60 s: 1 level of up to 60 s"},
	} {
		if got := searchTakes(test.levels, test.first, test.longest); got != test.want {
			t.Errorf("%s: %s", test.why, got)
		}
	}
}
