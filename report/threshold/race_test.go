//go:build race

package threshold

// raceEnabled says that the race detector slows everything down, so that long statistical tests
// are left to runs without it.
const raceEnabled = true
