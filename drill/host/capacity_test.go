package host

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

func TestCapacity(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why        string
		cores      int
		perRequest time.Duration
		want       float64
	}{
		{"two cores, 45 µs a request", 2, 45 * time.Microsecond, 40_000},
		{"twice the cores, twice the requests", 4, 45 * time.Microsecond, 80_000},
		{"a system that does not tell CPU time", 4, 0, 0},
	} {
		if got := capacityOf(test.cores, test.perRequest); got < test.want*0.999 || got > test.want*1.001 {
			t.Errorf("%s: %v requests/s, want %v", test.why, got, test.want)
		}
	}
}

// The busiest second of smoke has 80 people, of whom each makes a request at every second of 13 steps.
func TestPeakRequests(t *testing.T) {
	t.Parallel()
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	run, err := setup.NewLive(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := float64(run.PeakPerSecond()) * 6.5
	if got := PeakRequests(run); got != want || got < 400 || got > 800 {
		t.Errorf("%v requests in the busiest second, want %v", got, want)
	}
	run.Options.Closed = 10
	if got := PeakRequests(run); got != 0 {
		t.Errorf("a closed loop has %v requests a second", got)
	}
}
