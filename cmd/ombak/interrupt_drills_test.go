//go:build drills

package main

import "testing"

// TestInterruptedDrills does the same to commands that start others. Their parts run in the test binary,
// so that the race detector watches over conductor, backend, mocks and generator together.
func TestInterruptedDrills(t *testing.T) {
	const first, later = "the first level did not come to its end, so nothing is written", "what the levels before it say is in "
	interruptAll(t, []interruption{
		{"drill", []string{"drill", "smoke", "--window", "0s..1s"}, []string{"nobody had been sent yet, so nothing is written", "interrupted; the partial report is in "}},
		{"redline", []string{"redline", "smoke", "--from", "5/s", "--for", "1s"}, []string{first, later}},
		{"redline with loops", []string{"redline", "smoke", "--closed", "1,2,3", "--for", "1s"}, []string{first, later}},
	})
}
