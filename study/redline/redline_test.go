package redline_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/redline"
)

// search tries rates that hold or break.
func search(b redline.Bisection, holds func(rate float64) (bool, error)) (redline.Limit, error) {
	return b.Search(func(rate float64) (redline.Outcome, error) {
		held, err := holds(rate)
		if held {
			return redline.Held, err
		}
		return redline.Broke, err
	})
}

// Wherever the limit is, the search encloses it within its precision.
func TestBisectionEnclosesTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := math.Exp(rapid.Float64Range(0, 10).Draw(t, "log limit"))
		bisection := redline.Bisection{From: 100, Factor: 1.5, Precision: .05, Most: 60}
		found, err := search(bisection, func(rate float64) (bool, error) { return rate <= limit, nil })
		if err != nil || found.Held > limit || found.Broke <= limit || found.Broke > found.Held*1.05 {
			t.Fatalf("limit %v: %+v, %v", limit, found, err)
		}
	})
}

func TestBisectionStops(t *testing.T) {
	tried := 0
	found, err := search(redline.Bisection{From: 1, Factor: 2, Precision: .1, Most: 5}, func(float64) (bool, error) { tried++; return true, nil })
	if err != nil || tried != 5 || found.Held != 16 || found.Broke != 0 {
		t.Errorf("%d tried, %+v, %v", tried, found, err)
	}
	broken := errors.New("broken")
	if _, err := search(redline.Bisection{From: 1, Factor: 2, Most: 5}, func(float64) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestKneeHasTheMostPower(t *testing.T) {
	level := func(rate, goodput, mean float64) redline.Level {
		return redline.Level{Rate: rate, Report: report.Report{
			Steps: []report.StepRow{{Step: "sign-up", GoodputPerS: goodput, ResponseTimePassedS: &report.Quantiles{Mean: mean}}},
		}}
	}
	// Goodput over response time: 1,000, 1,900, 1,300, 90.
	open := redline.Open{Step: "sign-up", Levels: []redline.Level{level(100, 100, .1), level(190, 190, .1), level(260, 260, .2), level(300, 270, 3)}}
	if knee := open.Knee(); knee != 190 {
		t.Errorf("the knee is at %v, want 190", knee)
	}
	// A cheap page comes before what people wait for: of all their steps, power is 9.9, 16.3, 13.2.
	journey := func(rate, page, hash float64) redline.Level {
		made := level(rate, rate, page)
		made.Report.Steps = append(made.Report.Steps, report.StepRow{Step: "register", ThroughputPerS: rate, ResponseTimePassedS: &report.Quantiles{Mean: hash}})
		return made
	}
	open.Levels = []redline.Level{journey(1, .001, .1), journey(2, .003, .12), journey(4, .003, .3)}
	if knee := open.Knee(); knee != 2 {
		t.Errorf("the knee of a journey is at %v, want 2", knee)
	}
	open.Step = "elsewhere"
	if knee := open.Knee(); knee != 0 {
		t.Errorf("a step without levels has a knee at %v", knee)
	}
}

func TestLawOfClosedLevels(t *testing.T) {
	law := capacity.USL{Sigma: .05, Kappa: .002, Lambda: 100}
	closed, err := redline.RunClosed([]int{1, 2, 4, 8, 16, 32}, func(people int) (redline.Level, error) {
		throughput, err := law.Throughput(float64(people))
		return redline.Level{Concurrency: people, Report: report.Report{DurationS: 10, Offered: report.Offered{Completed: 10 * throughput}}}, err
	})
	fit := closed.Law
	if err != nil || closed.NoLaw != nil || math.Abs(fit.Sigma-law.Sigma) > 1e-4 || math.Abs(fit.Kappa-law.Kappa) > 1e-5 || math.Abs(fit.Lambda-law.Lambda) > .01 {
		t.Errorf("the fit is %+v, %v, %v; want %+v", fit.USL, err, closed.NoLaw, law)
	}
	if whole := closed.Report(); len(whole.Levels) != 6 || whole.Redline.Sigma == nil || whole.Levels[5].Concurrency != 32 {
		t.Errorf("the report is %+v", whole)
	}
}

// TestOpenKeepsWhatWasPlayed: a level that cannot be played ends the redline, and the levels before it are
// reported.
func TestOpenKeepsWhatWasPlayed(t *testing.T) {
	broken := errors.New("broken")
	open, err := redline.RunOpen("go", redline.Bisection{From: 10, Factor: 2, Precision: .1, Most: 9}, func(rate float64) (redline.Level, error) {
		if rate > 20 {
			return redline.Level{}, broken
		}
		return redline.Level{Rate: rate, Report: report.Report{Verdict: report.Pass}}, nil
	})
	if !errors.Is(err, broken) || len(open.Levels) != 2 || open.Limit.Held != 20 {
		t.Errorf("%+v, %v", open, err)
	}
	if whole := open.Report(); whole.Redline.HeldPerS != 20 || len(whole.Levels) != 2 {
		t.Errorf("the report is %+v", whole)
	}
}

func ExampleRunOpen() {
	open, err := redline.RunOpen("go", redline.Bisection{From: 10, Factor: 2, Precision: .1, Most: 20}, func(rate float64) (redline.Level, error) {
		level := redline.Level{Rate: rate, Report: report.Report{Verdict: report.Pass}}
		if rate > 50 { // this service breaks above 50/s
			level.Report.Verdict = report.Fail
		}
		return level, nil
	})
	fmt.Println(open.Sentence(), err)
	// Output:
	// 47.6 gos/s held, 51.9 did not (fail). <nil>
}
