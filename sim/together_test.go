package sim

import (
	"math"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// together is a surge on one server whose requests share work.
func together(people int, mode workload.Mode, shared Together) Config {
	config := browsing(people, time.Duration(people)*100*time.Millisecond, "10ms", resilience.HitConfig{})
	config.Caches, config.Signups.Mode = nil, mode
	config.Stations[0].Together = shared
	return config
}

// TestRequestsShareWork: at ten requests a second, one at a time, every third finds a window of a quarter of a second closed.
func TestRequestsShareWork(t *testing.T) {
	const people = 300
	for _, test := range []struct {
		why    string
		shared Together
		want   time.Duration
	}{
		{"work for each window", Together{Within: 250 * time.Millisecond, Work: 20 * time.Millisecond}, people*10*time.Millisecond + people/3*20*time.Millisecond},
		{"the others of a window are spared most of theirs", Together{Within: 250 * time.Millisecond, Saved: .8}, people/3*10*time.Millisecond + people*2/3*2*time.Millisecond},
		{"they are spared all of it", Together{Within: 250 * time.Millisecond, Saved: 1}, people / 3 * 10 * time.Millisecond},
		{"windows that are shorter than the gaps", Together{Within: time.Millisecond, Saved: 1}, people * 10 * time.Millisecond},
		{"nothing is shared", Together{}, people * 10 * time.Millisecond},
	} {
		for _, sharing := range []bool{false, true} {
			config := together(people, workload.Even, test.shared)
			config.Stations[0].Sharing = sharing
			m, seen := played(t, config)
			if busy := busyTime(m, "db"); (busy-test.want).Abs() > time.Microsecond || len(seen.samples) != people {
				t.Errorf("%s: busy for %v with %d samples, want %v", test.why, busy, len(seen.samples), test.want)
			}
			for _, sample := range seen.samples {
				if sample.Outcome != funnel.Completed {
					t.Fatalf("%s: %+v", test.why, sample)
				}
			}
		}
	}
}

// TestWindowsOfAPoissonProcess: a window begins with the first request after the last one, so they begin λ/(1 + λ·Within)
// times a second.
func TestWindowsOfAPoissonProcess(t *testing.T) {
	const people, rate, work = 20_000, 10., .02
	for _, within := range []float64{.01, .1, 1} {
		m, _ := played(t, together(people, workload.Poisson, Together{Within: seconds(within), Work: seconds(work)}))
		windows := (busyTime(m, "db").Seconds() - people*.01) / work
		want := people / (1 + rate*within)
		if math.Abs(windows-want) > 5*math.Sqrt(want) { // fewer vary less than a Poisson number
			t.Errorf("windows of %v s: %v, want %v", within, windows, want)
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func TestSharedWorkIsValidated(t *testing.T) {
	for why, shared := range map[string]Together{
		"no window": {Work: 1}, "a negative window": {Within: -1}, "more than all is spared": {Within: 1, Saved: 1.1}, "negative work": {Within: 1, Work: -1},
		"not a number": {Within: 1, Saved: math.NaN()},
	} {
		if together(1, workload.Even, shared).Validate() == nil {
			t.Errorf("%s was accepted", why)
		}
	}
	batched := together(1, workload.Even, Together{Within: 1, Saved: .5})
	if batched.Stations[0].Batch.Rows = 10; batched.Validate() == nil {
		t.Error("batches that share work were accepted")
	}
}
