//go:build statistics

package sim

import (
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/workload"
)

// TestSinusoidalArrivals compares the Mt/M/∞ queue with Eick, Massey, Whitt, "Mt/G/∞ queues with sinusoidal
// arrival rates" (Management Science 39 (1993)): m(t) = 100 + 10 (sin t − cos t).
func TestSinusoidalArrivals(t *testing.T) {
	const cycles, phases = 60, 8
	values := make([][]float64, phases)
	for seed := uint64(1); seed <= replications; seed++ {
		d := one(120, station(1000, "exponential(1s)", -1), 0)
		d.rate = func(t float64) float64 { return 100 + 20*math.Sin(t) }
		l := newLab(d, seed)
		sums := make([]float64, phases)
		for k := 2 * phases; k < (2+cycles)*phases; k++ { // two cycles of warm-up
			at := 2 * math.Pi * float64(k) / phases
			l.run(0, time.Duration(at*float64(time.Second)))
			sums[k%phases] += float64(l.floor.Station(0).InUse()) / cycles
		}
		for k, sum := range sums {
			values[k] = append(values[k], sum)
		}
	}
	for k := range phases {
		at := 2 * math.Pi * float64(k) / phases
		holds(t, "m(t)", values[k], 100+10*(math.Sin(at)-math.Cos(at)), 0.01)
	}
}

// TestRamp starts empty with λ = 10 t and μ = .5. At t = 10, m(t) = 20 t − 40 (1 − e^(−t/2)).
func TestRamp(t *testing.T) {
	var values []float64
	for seed := uint64(1); seed <= replications; seed++ {
		sum := 0.0
		for run := range uint64(100) {
			d := one(100, station(1000, "exponential(2s)", -1), 0)
			d.rate = func(t float64) float64 { return 10 * t }
			l := newLab(d, seed*1000+run)
			l.run(0, 10*time.Second)
			sum += float64(l.floor.Station(0).InUse())
		}
		values = append(values, sum/100)
	}
	holds(t, "m(10)", values, 160.2695178800, 0.01)
}

// flood sends the given counts per minute, evenly, to a station of 60,000/min. It returns the largest backlog, the
// longest wait and the time at which the backlog was cleared.
func flood(bins workload.Bins) (backlog int, wait, cleared time.Duration) {
	var arrivals, works []time.Duration
	for arrival := range (workload.Arrivals{Bins: bins, Mode: workload.Even}).All() {
		arrivals = append(arrivals, arrival.At)
		works = append(works, time.Millisecond)
	}
	p := newPlay(station(1, "1ms", -1), arrivals, works).run()
	for i, departure := range p.departures {
		if own := departure - arrivals[i] - time.Millisecond; own > 2*time.Millisecond {
			cleared = departure
			wait = max(wait, own)
		}
	}
	return p.floor.Station(0).stats.queueMax, wait, cleared
}

// TestFluid checks that, without randomness, the queue follows the fluid model (Newell, "Applications of Queueing
// Theory", 1982), apart from the one request in service.
func TestFluid(t *testing.T) {
	near := func(name string, got, want, tolerance float64) {
		t.Helper()
		if math.Abs(got-want) > tolerance {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	counts := make([]int, 30)
	for i := range counts {
		counts[i] = 20_000
		if i < 15 {
			counts[i] = 80_000
		}
	}
	backlog, wait, cleared := flood(workload.Bins{Width: time.Minute, Counts: counts})
	near("backlog", float64(backlog), 300_000, 2)
	near("longest wait, min", wait.Minutes(), 5, 0.001)
	near("cleared, min", cleared.Minutes(), 22.5, 0.01)
	triangle := workload.NewBins([]workload.Segment{
		{For: 17*time.Minute + 30*time.Second, To: 80_000. / 60}, {For: 17*time.Minute + 30*time.Second, From: 80_000. / 60},
	}, time.Second)
	backlog, wait, cleared = flood(triangle)
	near("backlog of the triangle", float64(backlog), 87_500, 30)
	near("longest wait, min", wait.Minutes(), 1.458333, 0.002)
	near("cleared, min", cleared.Minutes(), 28.062184, 0.05)
}

// TestFullJitter checks the mean delays of Brooker's full jitter with base .1 s and cap 10 s.
func TestFullJitter(t *testing.T) {
	retry := journey.Retry{Base: 100 * time.Millisecond, Cap: 10 * time.Second}
	for n, want := range []float64{.05, .1, .2, .4, .8, 1.6, 3.2, 5} {
		var values []float64
		for seed := uint64(1); seed <= replications; seed++ {
			stream := workload.Seed{Value: seed}.Stream(1, 0, 0, n)
			sum := 0.0
			for range 2000 {
				sum += retry.Delay(n+1, stream.Float64()).Seconds()
			}
			values = append(values, sum/2000)
		}
		holds(t, "delay", values, want, 0.01)
	}
}

// TestCoverage runs 1,000 short experiments. Their 95 % intervals must cover the true mean about 950 times: 930 to
// 968 is within chance. Each is an M/M/1 that starts in its steady state.
func TestCoverage(t *testing.T) {
	const experiments, each, rho, length = 1000, 20, 0.5, 150
	covered := 0
	for experiment := range uint64(experiments) {
		var values []float64
		for r := range uint64(each) {
			d := one(rho, station(1, "exponential(1s)", -1), 0)
			d.initial = func(l *lab) int { // geometric, as in the steady state
				return int(math.Log(1-l.stream.Float64()) / math.Log(rho))
			}
			l := newLab(d, 1+experiment*each+r)
			l.run(0, length*time.Second)
			s := l.floor.Station(0)
			s.accrue()
			values = append(values, (s.stats.queueTime+s.stats.busyTime).Seconds()/length)
		}
		mean, deviation := stat.MeanStdDev(values, nil)
		half := distuv.StudentsT{Sigma: 1, Nu: each - 1}.Quantile(0.975) * deviation / math.Sqrt(each)
		if math.Abs(mean-rho/(1-rho)) <= half {
			covered++
		}
	}
	if covered < 930 || covered > 968 {
		t.Errorf("%d of 1,000 intervals cover the true mean, want 930 to 968", covered)
	}
	t.Logf("%d of 1,000 intervals cover the true mean", covered)
}
