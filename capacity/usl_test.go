package capacity_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

func curve(sigma, kappa, lambda float64, levels ...float64) []capacity.Point {
	all := make([]capacity.Point, len(levels))
	for i, n := range levels {
		all[i] = capacity.Point{Concurrency: n, Throughput: lambda * n / (1 + sigma*(n-1) + kappa*n*(n-1))}
	}
	return all
}

func TestFitFindsTheLawItCameFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		law := capacity.USL{
			Sigma: rapid.Float64Range(.02, .5).Draw(t, "σ"), Kappa: rapid.Float64Range(1e-4, .05).Draw(t, "κ"),
			Lambda: math.Exp(rapid.Float64Range(-10, 15).Draw(t, "ln λ")),
		}
		fit := solved(capacity.FitUSL(curve(law.Sigma, law.Kappa, law.Lambda, 1, 2, 4, 8, 16, 32, 64)))(t)
		agree(t, "σ", fit.Sigma, law.Sigma, 1e-6)
		agree(t, "κ", fit.Kappa, law.Kappa, 1e-6)
		agree(t, "λ", fit.Lambda, law.Lambda, 1e-6)
	})
}

// TestNegativeCoherencyIsHeldAtZero uses points for which an unbounded fit gives κ < 0, as some real
// benchmarks do.
func TestNegativeCoherencyIsHeldAtZero(t *testing.T) {
	for _, kappa := range []float64{-1e-6, -1e-5, -1e-4} {
		fit := must(capacity.FitUSL(curve(.06, kappa, 20, 1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64)))(t)
		if fit.Kappa != 0 || fit.Sigma <= 0 {
			t.Errorf("points of κ = %g: fit %+v, want κ = 0 and σ above 0", kappa, fit.USL)
		}
		if peak, found := fit.PeakConcurrency(); found {
			t.Errorf("a law without coherency has a peak at %v", peak)
		}
		if !strings.Contains(strings.Join(fit.Warnings, "\n"), "bound") {
			t.Errorf("warnings %q do not mention that κ is at its bound", fit.Warnings)
		}
		// At the bound the rest of the fit must still be optimal: with κ = 0 the gradient by σ and λ
		// vanishes.
		if better := nudged(fit.USL, curve(.06, kappa, 20, 1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64)); better {
			t.Errorf("points of κ = %g: the fit is not a minimum", kappa)
		}
	}
}

// nudged reports whether a small step within the bounds lowers the sum of squares.
func nudged(law capacity.USL, points []capacity.Point) bool {
	cost := func(law capacity.USL) (sum float64) {
		for _, p := range points {
			n := p.Concurrency
			miss := law.Lambda*n/(1+law.Sigma*(n-1)+law.Kappa*n*(n-1)) - p.Throughput
			sum += miss * miss
		}
		return sum
	}
	at := cost(law)
	for _, step := range []float64{-1e-5, 1e-5} {
		for _, other := range []capacity.USL{
			{Sigma: law.Sigma * (1 + step), Kappa: law.Kappa, Lambda: law.Lambda},
			{Sigma: law.Sigma, Kappa: math.Max(0, law.Kappa+1e-4*step), Lambda: law.Lambda},
			{Sigma: law.Sigma, Kappa: law.Kappa, Lambda: law.Lambda * (1 + step)},
		} {
			if cost(other) < at {
				return true
			}
		}
	}
	return false
}

func TestFitOfNoiseIsAMinimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		measured := curve(.05, .001, 100, 1, 2, 4, 8, 16, 24, 32, 48, 64)
		for i := range measured {
			measured[i].Throughput *= rapid.Float64Range(.8, 1.2).Draw(t, "noise")
		}
		fit, err := capacity.FitUSL(measured)
		if errors.Is(err, capacity.ErrUnidentified) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if fit.Sigma < 0 || fit.Kappa < 0 || nudged(fit.USL, measured) {
			t.Fatalf("%+v is not a minimum within the bounds", fit.USL)
		}
	})
}

func TestPointsThatDecideNothingAreRefused(t *testing.T) {
	for _, test := range []struct {
		why    string
		points []capacity.Point
		hint   string
	}{
		{"no points", nil, "0 different levels"},
		{"one point", curve(.1, .01, 10, 1), "1 different levels"},
		{"three levels for three parameters", curve(.1, .01, 10, 1, 2, 4, 4, 2, 1), "3 different levels"},
		{"far below the knee at 31", curve(.02, .001, 100, 1, 2, 3, 4, 5), "below 70 %"},
		{"an open loop below saturation: throughput is the offered load", curve(0, 0, 100, 1, 2, 4, 8, 16), "in proportion"},
		{"a negative load", []capacity.Point{{Concurrency: -1, Throughput: 3}}, "concurrency is -1"},
		{"a throughput that is not a number", []capacity.Point{{Concurrency: 1, Throughput: math.NaN()}}, "throughput is NaN"},
	} {
		_, err := capacity.FitUSL(test.points)
		if err == nil || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: error %v, want one with %q", test.why, err, test.hint)
		}
	}
	if _, err := capacity.FitUSL(curve(.02, .001, 100, 1, 2, 4, 8, 23)); err != nil {
		t.Errorf("74 %% of the knee: %v", err)
	}
}

func TestThroughputThatDoesNotGrowIsExplained(t *testing.T) {
	for why, points := range map[string][]capacity.Point{
		"equal throughputs": {{1, 10}, {2, 10}, {4, 10}, {8, 10}}, "throughput that falls": {{1, 10}, {2, 8}, {4, 6}, {8, 5}},
	} {
		fit := must(capacity.FitUSL(points))(t)
		warnings := strings.Join(fit.Warnings, "\n")
		if fit.RSquared < .95 || strings.Contains(warnings, "explains only") || !strings.Contains(warnings, "does not grow") {
			t.Errorf("%s: R² %v, warnings %q", why, fit.RSquared, fit.Warnings)
		}
	}
	constant := must(capacity.FitDemands([]string{"idling"}, []capacity.LoadStep{{1, []float64{1}}, {1, []float64{1}}, {1, []float64{1}}}))(t)
	if constant.RSquared != 1 {
		t.Errorf("a constant busy time without a miss has R² %v", constant.RSquared)
	}
}

func TestIntervalsFollowTheSeedAlone(t *testing.T) {
	fit := must(capacity.FitUSL(cisco(t)))(t)
	first := must(fit.Intervals(200, workload.Seed{Value: 7}))(t)
	again := must(fit.Intervals(200, workload.Seed{Value: 7}))(t)
	if first.Sigma != again.Sigma || *first.PeakConcurrency != *again.PeakConcurrency {
		t.Error("the same seed gives other intervals")
	}
	if other := must(fit.Intervals(200, workload.Seed{Value: 8}))(t); other.Sigma == first.Sigma {
		t.Error("another seed gives the same intervals")
	}
	if _, err := fit.Intervals(10, workload.Seed{}); err == nil {
		t.Error("ten resamples make an interval")
	}
}

// normal draws an error of standard deviation 1.
func normal(stream *workload.Stream) float64 {
	return math.Sqrt(2*stream.ExpFloat64()) * math.Cos(2*math.Pi*stream.Float64())
}

// TestFitOfAnyUnit: throughputs may be of any size. Their squares must stay in the range of numbers.
func TestFitOfAnyUnit(t *testing.T) {
	levels := []float64{1, 2, 4, 8, 16, 32, 64}
	points := func(unit float64) []capacity.Point {
		all := curve(.05, .001, 1, levels...)
		for i := range all {
			all[i].Throughput *= unit * (1 + .01*float64(i%3))
		}
		return all
	}
	want := must(capacity.FitUSL(points(1)))(t)
	wantIntervals := must(want.Intervals(100, workload.Seed{}))(t)
	for _, unit := range []float64{1e300, 1e-300, 1e200, 1e-160} {
		got := must(capacity.FitUSL(points(unit)))(t)
		intervals := must(got.Intervals(100, workload.Seed{}))(t)
		within(t, "σ", got.Sigma, want.Sigma, 1e-6)
		within(t, "κ", got.Kappa, want.Kappa, 1e-6)
		within(t, "λ", got.Lambda, want.Lambda*unit, 1e-6)
		within(t, "R²", got.RSquared, want.RSquared, 1e-6)
		for end := range 2 {
			within(t, "interval of κ", intervals.Kappa[end], wantIntervals.Kappa[end], 1e-6)
			within(t, "interval of λ", intervals.Lambda[end], wantIntervals.Lambda[end]*unit, 1e-6)
			within(t, "interval of the highest throughput", intervals.PeakThroughput[end], wantIntervals.PeakThroughput[end]*unit, 1e-6)
		}
	}
}

func TestIntervalsOfFewPointsWarn(t *testing.T) {
	points := func(n int) []capacity.Point {
		all := curve(.05, .001, 100, 1, 2, 4, 8, 16, 24, 32, 48)[8-n:]
		for i := range all {
			all[i].Throughput *= 1 + .01*float64(i%3)
		}
		return all
	}
	for n, want := range map[int]bool{7: true, 8: false} {
		intervals := must(must(capacity.FitUSL(points(n)))(t).Intervals(100, workload.Seed{}))(t)
		if got := strings.Contains(strings.Join(intervals.Warnings, "\n"), "measure 8 or more"); got != want {
			t.Errorf("%d points: warnings %q", n, intervals.Warnings)
		}
	}
}

func TestLawIsConsistent(t *testing.T) {
	law := capacity.USL{Sigma: .06, Kappa: .06, Lambda: 40}
	peak, found := law.PeakConcurrency()
	height, _ := law.PeakThroughput()
	if !found {
		t.Fatal("no peak")
	}
	within(t, "peak", peak, math.Sqrt(.94/.06), 1e-12)
	for _, n := range []float64{peak - .1, peak + .1} {
		if must(law.Throughput(n))(t) >= height {
			t.Errorf("throughput at %v is not below the peak", n)
		}
	}
	within(t, "Little", must(law.ResponseTime(7))(t)*must(law.Throughput(7))(t), 7, 1e-12)
	for _, flat := range []capacity.USL{{Sigma: .1, Lambda: 1}, {Sigma: 1, Kappa: .1, Lambda: 1}, {Sigma: 2, Kappa: .1, Lambda: 1}} {
		if at, found := flat.PeakConcurrency(); found {
			t.Errorf("%+v has a peak at %v", flat, at)
		}
	}
	for _, wrong := range []capacity.USL{{Lambda: 0}, {Sigma: -1, Lambda: 1}, {Kappa: math.NaN(), Lambda: 1}} {
		if _, err := wrong.Throughput(3); err == nil {
			t.Errorf("%+v has a throughput", wrong)
		}
	}
	if _, err := law.Throughput(.5); err == nil {
		t.Error("half a client has a throughput")
	}
}
