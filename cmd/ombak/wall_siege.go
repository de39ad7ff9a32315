//go:build siege

package main

import (
	"os"
	"strings"
	"sync"
	"time"
)

// injectedWall returns the wall clock of a besieged backend, or nil. OMBAK_TEST_WALL names a file that says how much the clock
// is ahead, as in -1h. Whoever writes the file sets the clock.
func injectedWall() func() time.Time {
	path := os.Getenv("OMBAK_TEST_WALL")
	if path == "" {
		return nil
	}
	return (&wallClock{path: path}).now
}

// wallClock is a wall clock that somebody sets. It has no monotonic reading.
type wallClock struct {
	path  string
	mutex sync.Mutex // guards the fields below
	read  time.Time
	ahead time.Duration
}

func (w *wallClock) now() time.Time {
	const rest = 5 * time.Millisecond // between two looks at the file
	w.mutex.Lock()
	defer w.mutex.Unlock()
	now := time.Now()
	if now.Sub(w.read) < rest {
		return now.Round(0).Add(w.ahead)
	}
	w.read = now
	if text, err := os.ReadFile(w.path); err == nil { // without a descriptor it stays as it was
		if ahead, err := time.ParseDuration(strings.TrimSpace(string(text))); err == nil {
			w.ahead = ahead
		}
	}
	return now.Round(0).Add(w.ahead)
}
