//go:build race

package capacity_test

// raceEnabled reports whether the race detector is on. Long statistical tests are skipped with it.
const raceEnabled = true
