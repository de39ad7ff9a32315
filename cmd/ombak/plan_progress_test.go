package main

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// TestStudyProgressInALog: a line is printed when one is due, with the simulated time, and at the end. A
// precision may need more runs than requested.
func TestStudyProgressInALog(t *testing.T) {
	var log strings.Builder
	p := newStudyProgress(&log, false, "runs", 2, &setup.Model{Config: sim.Config{Until: time.Hour}})
	p.passed(10 * time.Minute) // no line is due yet
	p.last = p.last.Add(-time.Minute)
	p.passed(10 * time.Minute)
	p.passed(40 * time.Minute)
	p.done()
	p.passed(time.Hour)
	p.done()
	p.passed(time.Hour)
	p.done()
	p.close()
	const want = `0 of 2 runs, 20m0s of 2h0m0s simulated
2 of 2 runs, 2h0m0s of 2h0m0s simulated
3 of 3 runs, 3h0m0s of 3h0m0s simulated
`
	if log.String() != want {
		t.Errorf("the log is\n%swant\n%s", log.String(), want)
	}
}
