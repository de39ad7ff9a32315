package workload_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
)

func TestStreamsAreIndependentOfEachOther(t *testing.T) {
	seed := workload.Seed{Value: 7}
	purpose := workload.NewPurpose("test")
	seen := map[uint64]string{}
	add := func(name string, s workload.Stream) {
		first := s.Uint64()
		if other, twice := seen[first]; twice {
			t.Errorf("streams %s and %s begin with the same number", name, other)
		}
		seen[first] = name
	}
	add("base", seed.Stream(purpose, 1, 0, 0))
	add("another person", seed.Stream(purpose, 2, 0, 0))
	add("another attempt", seed.Stream(purpose, 1, 0, 1))
	add("another step", seed.Stream(purpose, 1, workload.NewPurpose("step"), 0))
	add("another purpose", seed.Stream(workload.NewPurpose("other"), 1, 0, 0))
	add("another seed", workload.Seed{Value: 8}.Stream(purpose, 1, 0, 0))
	add("another replication", workload.Seed{Value: 7, Replication: 1}.Stream(purpose, 1, 0, 0))
}

func TestUniformIsUniform(t *testing.T) {
	const n, cells = 200_000, 100
	var counts [cells]float64
	for person := range uint64(n) {
		counts[int(workload.Seed{Value: 1}.Uniform(workload.NewPurpose("u"), person)*cells)]++
	}
	chi := 0.0
	for _, count := range counts {
		chi += (count - n/cells) * (count - n/cells) / (n / cells)
	}
	// 99 degrees of freedom: mean 99, standard deviation 14.07; 5 of them for a fixed seed.
	if math.Abs(chi-99) > 5*14.07 {
		t.Errorf("chi-squared over %d cells is %.1f, want 99 ± 70", cells, chi)
	}
}

func TestDistributions(t *testing.T) {
	for _, test := range []struct {
		text, why string
		mean, scv float64
	}{
		{"20ms", "a bare duration is a constant", 0.02, 0},
		{"exponential(20ms)", "the mean is the parameter", 0.02, 1},
		{"uniform(1s, 3s)", "width² / 12 / mean²", 2, 1.0 / 12},
		{"gamma(mean=2s, scv=0.25)", "an Erlang-4", 2, 0.25},
		{"empirical(1s, 2s, 3s)", "each equally likely", 2, (2.0 / 3) / 4},
		{"lognormal(median=1s, p95=5s)", "mean exp(σ²/2), SCV exp(σ²)−1 with σ = ln 5 / 1.6448536", 1.613976, 1.604918},
	} {
		d, err := workload.ParseDistribution(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if math.Abs(d.Mean()-test.mean) > 1e-4*test.mean || math.Abs(d.SCV()-test.scv) > 1e-4 {
			t.Errorf("%s (%s): mean %v, SCV %v; want %v, %v", test.text, test.why, d.Mean(), d.SCV(), test.mean, test.scv)
		}
		checkMoments(t, d)
	}
}

// checkMoments compares draws with the stated mean: 4 standard errors.
func checkMoments(t *testing.T, d workload.Distribution) {
	t.Helper()
	const n = 100_000
	sum := 0.0
	for i := range uint64(n) {
		stream := workload.Seed{Value: 3}.Stream(workload.NewPurpose("moments"), i, 0, 0)
		sum += d.Draw(&stream).Seconds()
	}
	tolerance := 4*d.Mean()*math.Sqrt(d.SCV()/n) + 1e-8
	if math.Abs(sum/n-d.Mean()) > tolerance {
		t.Errorf("%s: the mean of %d draws is %v, want %v ± %v", d, n, sum/n, d.Mean(), tolerance)
	}
}

func TestQuantilesNeverFall(t *testing.T) {
	texts := []string{"20ms", "exponential(1s)", "uniform(0s, 1s)", "lognormal(median=1s, p99=9s)", "gamma(mean=1s, scv=3)", "empirical(3s, 1s)"}
	rapid.Check(t, func(t *rapid.T) {
		d, err := workload.ParseDistribution(rapid.SampledFrom(texts).Draw(t, "distribution"))
		if err != nil {
			t.Fatal(err)
		}
		a, b := rapid.Float64Range(0, 0.999999).Draw(t, "a"), rapid.Float64Range(0, 0.999999).Draw(t, "b")
		if low, high := d.Quantile(min(a, b)), d.Quantile(max(a, b)); low > high || low < 0 {
			t.Fatalf("%s: quantiles %v at %v and %v at %v", d, low, min(a, b), high, max(a, b))
		}
	})
}

func TestBinsLoseNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var segments []workload.Segment
		want := 0.0
		for range rapid.IntRange(1, 5).Draw(t, "segments") {
			s := workload.Segment{
				For:  time.Duration(rapid.IntRange(1, 200_000).Draw(t, "ms")) * time.Millisecond,
				From: workload.Rate(rapid.Float64Range(0, 2000).Draw(t, "from")), To: workload.Rate(rapid.Float64Range(0, 2000).Draw(t, "to")),
			}
			segments = append(segments, s)
			want += s.For.Seconds() * float64(s.From+s.To) / 2
		}
		bins := workload.NewBins(segments, time.Second)
		if got := bins.Total(); math.Abs(float64(got)-want) > 0.5+1e-6*want {
			t.Fatalf("total %d, want %v rounded", got, want)
		}
		for i, count := range bins.Counts {
			if count < 0 {
				t.Fatalf("bin %d has %d arrivals", i, count)
			}
		}
	})
}

func TestPlateauIsExactInEverySecond(t *testing.T) {
	bins := workload.NewBins([]workload.Segment{{10 * time.Second, 0, 1350}, {75 * time.Second, 1350, 1350}, {10 * time.Second, 1350, 0}}, time.Second)
	for second := 10; second < 85; second++ {
		if bins.Counts[second] != 1350 {
			t.Errorf("second %d offers %d, want 1350", second, bins.Counts[second])
		}
	}
	if bins.Total() != 6750+101250+6750 {
		t.Errorf("total %d", bins.Total())
	}
}

func arrivalsOf(t *rapid.T) workload.Arrivals {
	counts := rapid.SliceOfN(rapid.IntRange(0, 300), 1, 20).Draw(t, "counts")
	return workload.Arrivals{
		Seed: workload.Seed{Value: rapid.Uint64().Draw(t, "seed")}, Purpose: workload.NewPurpose("people"),
		Bins: workload.Bins{Width: time.Second, Counts: counts},
		Mode: rapid.SampledFrom([]workload.Mode{workload.Poisson, workload.Even, workload.Burst}).Draw(t, "mode"),
	}
}

func TestArrivalsAreExactAndOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := arrivalsOf(t)
		perBin := make([]int, len(a.Bins.Counts))
		last, ordinal := time.Duration(-1), uint64(0)
		for arrival := range a.All() {
			if arrival.At < last || arrival.Ordinal != ordinal {
				t.Fatalf("arrival %d at %v after %v", arrival.Ordinal, arrival.At, last)
			}
			last = arrival.At
			ordinal++
			perBin[arrival.At/a.Bins.Width]++
		}
		if !slices.Equal(perBin, a.Bins.Counts) {
			t.Fatalf("per bin %v, want %v", perBin, a.Bins.Counts)
		}
	})
}

// A person who comes at a smaller scale comes at a larger one too, at the same instant. A window changes
// nobody inside it.
func TestThinningAndWindowsKeepIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := arrivalsOf(t)
		small, large := whole, whole
		small.Scale = rapid.Float64Range(0.01, 1).Draw(t, "small")
		large.Scale = rapid.Float64Range(small.Scale, 1).Draw(t, "large")
		large.From = time.Duration(rapid.IntRange(0, 10_000).Draw(t, "from")) * time.Millisecond
		all := map[workload.Arrival]bool{}
		for arrival := range whole.All() {
			all[arrival] = true
		}
		kept := map[workload.Arrival]bool{}
		for arrival := range large.All() {
			if !all[arrival] || arrival.At < large.From {
				t.Fatalf("%v is not of the whole, or before the window", arrival)
			}
			kept[arrival] = true
		}
		for arrival := range small.All() {
			if arrival.At >= large.From && !kept[arrival] {
				t.Fatalf("%v comes at scale %v but not at %v", arrival, small.Scale, large.Scale)
			}
		}
	})
}

func TestPeakCountsTheBusiestWindow(t *testing.T) {
	instants := []time.Duration{0, 10 * time.Second, 59 * time.Second, 60 * time.Second, 61 * time.Second, 300 * time.Second}
	total, most := workload.Peak(slices.Values(instants), time.Minute)
	if total != 6 || most != 4 { // from 10 s to 61 s; 0 s and 60 s are a whole minute apart
		t.Errorf("total %d, most %d; want 6, 4", total, most)
	}
}

// With even placement inside minutes, no sliding minute has more arrivals than the busiest one.
func TestSlidingMinuteOfEvenArrivals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(0, 500), 1, 8).Draw(t, "counts")
		a := workload.Arrivals{Bins: workload.Bins{Width: time.Minute, Counts: counts}, Mode: workload.Even}
		_, most := workload.Peak(func(yield func(time.Duration) bool) {
			for arrival := range a.All() {
				if !yield(arrival.At) {
					return
				}
			}
		}, time.Minute)
		if most > slices.Max(counts)+1 { // two minutes of equal height share at most one person at the boundary
			t.Fatalf("%v: %d in a sliding minute", counts, most)
		}
	})
}

func TestPermutationIsABijection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(1, 3000).Draw(t, "size")
		p := workload.NewPermutation(workload.Seed{Value: rapid.Uint64().Draw(t, "seed")}, workload.NewPurpose("p"), size)
		seen, each := make([]bool, size), make([]uint64, size)
		for i := range size {
			each[i] = i
		}
		p.AtEach(each)
		for i := range size {
			j := p.At(i)
			if j >= size || seen[j] || each[i] != j {
				t.Fatalf("%d of %d maps to %d, which is outside or taken, or to %d among others", i, size, j, each[i])
			}
			seen[j] = true
		}
	})
}

func TestClockInvertsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bins := workload.Bins{Width: time.Minute, Counts: rapid.SliceOfN(rapid.IntRange(0, 80_000), 1, 30).Draw(t, "counts")}
		clock := workload.FastForward(0, workload.Cap{Bins: bins, Rate: workload.Rate(rapid.Float64Range(100, 2000).Draw(t, "cap"))}).WithLead(10 * time.Second)
		if start := clock.Real(-10 * time.Second); start != 0 {
			t.Fatalf("the lead begins at %v", start)
		}
		instant := time.Duration(rapid.Int64Range(0, int64(bins.Duration())).Draw(t, "instant"))
		if back := clock.Scenario(clock.Real(instant)); (back - instant).Abs() > time.Millisecond {
			t.Fatalf("%v became %v", instant, back)
		}
	})
}

// After the last arrival a fast-forward goes on at its mean pace. Its bins played five minutes in a minute
// and a half, so an hour of scenario time takes eighteen minutes.
func TestFastForwardGoesOnAtItsMeanPace(t *testing.T) {
	bins := workload.Bins{Width: time.Minute, Counts: []int{9_000, 9_000, 9_000, 9_000, 9_000}}
	clock := workload.FastForward(0, workload.Cap{Bins: bins, Rate: 500}) // 18 s for each minute
	if after := clock.Real(bins.Duration()+time.Hour) - clock.Real(bins.Duration()); (after - 18*time.Minute).Abs() > time.Second {
		t.Errorf("an hour after the last arrival takes %v", after)
	}
}

// Fast-forward never offers more than its cap in any bin, nor runs slower than real time.
func TestFastForwardKeepsItsCap(t *testing.T) {
	bins := workload.Bins{Width: time.Minute, Counts: []int{0, 600, 80_000, 60_000, 10}}
	clock := workload.FastForward(0, workload.Cap{Bins: bins, Rate: 500})
	for i, count := range bins.Counts {
		start, end := time.Duration(i)*time.Minute, time.Duration(i+1)*time.Minute
		length := clock.Real(end) - clock.Real(start)
		if rate := float64(count) / length.Seconds(); rate > 500*1.0001 && length < time.Minute || length > time.Minute {
			t.Errorf("bin %d lasts %v, %.1f/s", i, length, rate)
		}
	}
}

// Of several caps the one that requires the most time applies.
func TestFastForwardKeepsEveryCap(t *testing.T) {
	signups := workload.Bins{Width: time.Minute, Counts: []int{600, 6_000, 6_000}}
	work := workload.Bins{Width: time.Minute, Counts: []int{2_000, 2_000, 80_000}}
	clock := workload.FastForward(0, workload.Cap{Bins: signups, Rate: 500}, workload.Cap{Bins: work, Rate: 2_000})
	for i, want := range []time.Duration{1200 * time.Millisecond, 12 * time.Second, 40 * time.Second} {
		at := time.Duration(i) * time.Minute
		if got := clock.Real(at+time.Minute) - clock.Real(at); (got - want).Abs() > time.Millisecond {
			t.Errorf("bin %d lasts %v, want %v", i, got, want)
		}
	}
}

func TestReadCounts(t *testing.T) {
	signups, lookers, err := workload.ReadCounts(strings.NewReader("minute,visits,signups\n0,10,4\n1,5,5\n"))
	if err != nil || signups.Total() != 9 || lookers.Total() != 6 {
		t.Fatalf("%v %v %v", signups, lookers, err)
	}
	for _, test := range []struct{ text, want string }{
		{"", "reading the header"},
		{"minute,visits\n", "it must be minute,visits,signups or time,count"},
		{"minute,signups,visits\n", "it must be minute,visits,signups"},
		{"minute,visits,signups\n1,2,1\n", "line 2: minute is 1 where 0 was expected"},
		{"minute,visits,signups\n0,2,3\n", "line 2: signups (3) exceed visits (2)"},
		{"minute,visits,signups\n0,-2,0\n", `line 2: "-2" is not a count`},
	} {
		if _, _, err := workload.ReadCounts(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.text, err, test.want)
		}
	}
}

func TestServiceFaults(t *testing.T) {
	minus := -1
	for _, service := range []workload.Service{{Servers: -1}, {Queue: &minus}, {Deadline: -1}, {Quota: workload.QuotaTerms{Most: -1}}, {Discipline: "sideways"}} {
		if service.Validate() == nil {
			t.Errorf("%+v passed", service)
		}
	}
	service := workload.Service{Servers: 10, ServiceTime: workload.ExponentialTime(time.Second)}
	if err := service.Validate(); err != nil || service.CapacityPerSecond() != 10 {
		t.Errorf("capacity %v, %v", service.CapacityPerSecond(), err)
	}
}

func FuzzParseDistribution(f *testing.F) {
	for _, text := range []string{"20ms", "uniform(1s, 3s)", "lognormal(median=20ms, p95=60ms)", "gamma(mean=1s, scv=2)", "empirical(1s,2s)", "exponential(", "constant()"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := workload.ParseDistribution(text)
		if err != nil {
			return
		}
		again, err := workload.ParseDistribution(d.String())
		if err != nil || again.Mean() != d.Mean() {
			t.Errorf("%q reads back as %q: %v", text, d, err)
		}
		if mean := d.Mean(); mean < 0 || math.IsNaN(mean) {
			t.Errorf("%q has the mean %v", text, mean)
		}
	})
}

func FuzzParseRate(f *testing.F) {
	for _, text := range []string{"80000/m", "1.5/s", "/s", "1/x", "-1/s", "NaN/s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, err := workload.ParseRate(text)
		if err == nil && (rate < 0 || math.IsNaN(float64(rate)) || math.IsInf(float64(rate), 0)) {
			t.Errorf("%q is the rate %v", text, rate)
		}
	})
}

func FuzzReadCounts(f *testing.F) {
	f.Add("minute,visits,signups\n0,10,4\n1,5,5\n")
	f.Fuzz(func(t *testing.T, text string) {
		signups, lookers, err := workload.ReadCounts(strings.NewReader(text))
		if err == nil && (len(signups.Counts) != len(lookers.Counts) || signups.Total() < 0 || lookers.Total() < 0) {
			t.Errorf("%q gives %v and %v", text, signups, lookers)
		}
	})
}
