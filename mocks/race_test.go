//go:build race

package mocks_test

// raceEnabled is true under the race detector, which makes long statistical tests too slow to run.
const raceEnabled = true
