package sim

import (
	"math"
	"testing"

	"github.com/ombak-sim/ombak/workload"
)

// TestWarmup checks that a level shift is found in place or, since the statistic is noisy, a little later. A run
// that never settles must not be reported as settled.
func TestWarmup(t *testing.T) {
	stream := workload.Seed{Value: 1}.Stream(1, 0, 0, 0)
	shifted, trend := make([]float64, 1000), make([]float64, 1000)
	for i := range shifted {
		shifted[i], trend[i] = stream.Float64(), float64(i)
		if i < 200 {
			shifted[i] += 10
		}
	}
	if cut, settled := Warmup(shifted); cut < 200 || cut > 260 || !settled {
		t.Errorf("the cut of a shift at 200 is %d, settled %v", cut, settled)
	}
	if _, settled := Warmup(trend); settled {
		t.Error("a trend was called settled")
	}
	if cut, settled := Warmup(shifted[:3]); cut != 0 || settled {
		t.Errorf("three observations give the cut %d, settled %v", cut, settled)
	}
}

// TestBatchMeansCover uses the waits of an M/M/1, which depend on each other. The naive interval covers the true
// mean in half of the runs. The interval of batch means nearly always does.
func TestBatchMeansCover(t *testing.T) {
	const runs, customers, truth = 200, 20_000, 1 // Wq = ρ/(μ(1−ρ)) at ρ = .5
	covered, naive := 0, 0
	for seed := uint64(1); seed <= runs; seed++ {
		stream := workload.Seed{Value: seed}.Stream(2, 0, 0, 0)
		waits, wait := make([]float64, customers), 0.0
		for i := range waits { // Lindley 1952
			waits[i] = wait
			wait = max(0, wait+stream.ExpFloat64()-2*stream.ExpFloat64())
		}
		cut, _ := Warmup(waits)
		if interval := BatchMeans(waits[cut:], 20); math.Abs(interval.Mean-truth) <= interval.HalfWidth {
			covered++
		}
		if interval := BatchMeans(waits[cut:], len(waits)-cut); math.Abs(interval.Mean-truth) <= interval.HalfWidth {
			naive++
		}
	}
	if covered < 180 || naive > 150 {
		t.Errorf("batch means cover the true mean in %d of %d runs, single observations in %d", covered, runs, naive)
	}
	if half := BatchMeans([]float64{1}, 2).HalfWidth; !math.IsInf(half, 1) {
		t.Errorf("one observation in two batches gives the half-width %v", half)
	}
}

// TestEnough uses four values around 10 with a half-width of 3.674 (t = 3.182, standard error 1.155). Estimating
// the mean within 1 multiplies the number of values by the square of the ratio.
func TestEnough(t *testing.T) {
	values := []float64{8, 12, 8, 12} // standard deviation 2.309
	if interval := IntervalOf(values); math.Abs(interval.HalfWidth-3.6743) > 1e-3 || interval.Mean != 10 {
		t.Errorf("interval %+v", interval)
	}
	for _, test := range []struct {
		why       string
		values    []float64
		precision float64
		want      int
	}{
		{"4 · (3.674/1)² = 54.0", values, 0.1, 55},
		{"those there are do", values, 0.9, 4},
		{"one value does not tell", values[:1], 0.1, 0},
		{"no precision was asked for", values, 0, 0},
	} {
		if got := Enough(test.values, test.precision); got != test.want {
			t.Errorf("%s: %d replications, want %d", test.why, got, test.want)
		}
	}
}
