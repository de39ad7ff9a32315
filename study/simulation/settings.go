package simulation

import (
	"runtime"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// Settings define how to simulate.
type Settings struct {
	Replications int     // 0 means 1
	Precision    float64 // go on until the number of people who finish is known within this share; 0 means do not
	Antithetic   bool    // replications 2k and 2k + 1 draw u and 1 − u; their mean counts as one value. The number of replications must be even
	Workers      int     // replications at once; 0 means one for each core
	Build        report.Build
	Done         func() // called after each replication, by one goroutine at a time
	// Brief leaves out of the reports what only figures need: how response times spread in each second, and series and
	// histograms by which no threshold is judged.
	Brief bool
	// Lean drops the series and histograms of replication 0 too.
	Lean bool
	// Passed is called by one goroutine at a time, with the simulated time that has passed in a replication
	// since the last call.
	Passed func(by time.Duration)
	// Runner plays the replications; nil means this process. [Steady] runs and [Predict] do not use it.
	Runner Runner
}

// workers returns how many replications are played at once.
func (s Settings) workers() int {
	if s.Workers == 0 {
		return runtime.NumCPU()
	}
	return s.Workers
}

// apiece returns how many replications make one independent value.
func (s Settings) apiece() int {
	if s.Antithetic {
		return 2
	}
	return 1
}

// Timed returns settings that call expected once, after the first of the given number of replications, with
// the time that it took and the time that the rest will take.
func (s Settings) Timed(replications int, expected func(first, rest time.Duration)) Settings {
	done, began, count := s.Done, time.Now(), 0
	s.Done = func() {
		if count++; count == 1 && expected != nil {
			first := time.Since(began)
			expected(first, first*time.Duration(max(0, replications-s.workers()))/time.Duration(s.workers()))
		}
		if done != nil {
			done()
		}
	}
	return s
}

// The limits of a study. The figures of every replication are kept until the last is done, about 15 kB each,
// and ten times the replications narrow an interval only by a factor of three.
const (
	maxReplications = 10_000  // replications of one plan
	maxRuns         = 100_000 // simulations of one study
)

// CheckReplications refuses a number of replications of one plan that cannot be played.
func CheckReplications(count int) error {
	switch {
	case count < 1:
		return setup.Refuse("--replications is %d; it must be 1 or more", count)
	case count > maxReplications:
		return setup.Refuse("--replications is %d; it must be %d or less", count, maxReplications)
	}
	return nil
}

// CheckRuns refuses a study with too many simulations.
func CheckRuns(count int) error {
	if count > maxRuns {
		return setup.Refuse("%d simulations are more than the %d that one study takes; give fewer replications, plans or uncertain inputs", count, maxRuns)
	}
	return nil
}
