package baseline

import (
	"math"
	"testing"

	"github.com/aclements/go-moremath/stats"

	"github.com/ombak-sim/ombak/report"
)

// Cross-checks against published statistics code: go-moremath, which benchstat uses, and the output of
// benchstat. Neither knows signed ranks, so each check names the property that both must share.

// Given that m of n differences are positive, their ranks are any m of the n with equal probability. Their
// sum is Mann and Whitney's U of samples of m and n − m, plus m(m+1)/2. The distribution of the signed-rank
// sum is therefore a mixture of those of U. Where: P(m) = C(n, m)/2ⁿ.
func TestSignedRankIsAMixtureOfU(t *testing.T) {
	for n := 2; n <= 24; n++ {
		positives := stats.BinomialDist{N: n, P: 0.5}
		for w, tail := range signedRankTails(n) {
			want := positives.PMF(0)
			if w == n*(n+1)/2 {
				want = 1
			} else {
				for m := 1; m < n; m++ {
					want += positives.PMF(float64(m)) * stats.UDist{N1: m, N2: n - m}.CDF(float64(w-m*(m+1)/2))
				}
			}
			if math.Abs(tail-want) > 1e-9 {
				t.Fatalf("n=%d: P(W≤%d) is %v, by U %v", n, w, tail, want)
			}
		}
	}
}

// The widest interval of both kinds runs from the smallest to the largest value, and needs the same number of
// pairs.
func TestPairsNeededAsOrderStatistics(t *testing.T) {
	for _, alpha := range []float64{0.025, 0.05 / 3, 0.05 / 4, 0.005, 0.001} {
		n := 2
		for ; ; n++ {
			if ci := stats.QuantileCI(n, 0.5, 1-2*alpha); ci.LoOrder >= 1 && ci.HiOrder <= n {
				break
			}
		}
		if got := pairsNeeded(alpha); got != max(minPairs, n) {
			t.Errorf("α=%v: %d pairs are needed, by order statistics %d", alpha, got, n)
		}
	}
}

// At each end of Clopper and Pearson's interval, a count at least as extreme has probability 2.5 %.
func TestClopperPearsonByBinomial(t *testing.T) {
	for _, trials := range []int{10, 40, 1000} {
		for hits := 1; hits < trials; hits += 1 + trials/13 {
			interval := clopperPearson(hits, trials)
			atLeast := 1 - stats.BinomialDist{N: trials, P: interval[0]}.CDF(float64(hits-1))
			atMost := stats.BinomialDist{N: trials, P: interval[1]}.CDF(float64(hits))
			if math.Abs(atLeast-0.025) > 1e-9 || math.Abs(atMost-0.025) > 1e-9 {
				t.Errorf("%d of %d: %v, errs with %v and %v", hits, trials, interval, atLeast, atMost)
			}
		}
		alarms := stats.BinomialDist{N: trials, P: falseAlarms}
		if k := allowedAlarms(trials); alarms.CDF(float64(k)) < 0.99 || k > 0 && alarms.CDF(float64(k-1)) >= 0.99 {
			t.Errorf("of %d comparisons %d alarms are allowed", trials, k)
		}
	}
}

// The detectable effect uses Student's t.
func TestDetectableByStudent(t *testing.T) {
	ratios := []float64{0.01, -0.02, 0.03, 0.005, -0.01, 0.02, -0.015}
	const alpha = 0.05 / 3
	student := stats.InvCDF(stats.TDist{V: float64(len(ratios) - 1)})
	want := math.Expm1((student(1-alpha) + student(0.8)) * stats.StdDev(ratios) / math.Sqrt(float64(len(ratios))*3/math.Pi))
	if got := detectable(ratios, alpha); math.Abs(*got-want) > 1e-6 {
		t.Errorf("it is %v, by go-moremath %v", *got, want)
	}
}

// The example is from benchstat's documentation, golang.org/x/perf/cmd/benchstat/main.go (BSD): ns/op of ten
// runs each. For it, benchstat v0.0.0-20260908200009-22c9c6c9d4da prints
//
//	Encode/format=json-48   1.718µ ± 1%   1.423µ ± 1%  -17.20% (p=0.000 n=10)
//	Encode/format=gob-48    3.066µ ± 0%   3.070µ ± 2%        ~ (p=0.446 n=10)
//
// Compare pairs the runs and benchstat does not, so the estimates differ. The verdicts agree, and each
// interval contains benchstat's ratio.
func TestBenchstatExample(t *testing.T) {
	tests := []struct {
		name               string
		base, candidate    []float64
		medianB, medianC   float64        // as printed, in ns
		p                  float64        // as printed
		forwards, backward report.Verdict // at a margin of a tenth
	}{
		{
			"Encode/format=json-48",
			[]float64{1726, 1723, 1707, 1707, 1713, 1729, 1736, 1707, 1705, 1774},
			[]float64{1423, 1416, 1411, 1413, 1412, 1426, 1422, 1424, 1447, 1425},
			1718, 1423, 0.000, report.Pass, report.Fail,
		},
		{
			"Encode/format=gob-48",
			[]float64{3069, 3075, 3069, 3067, 3207, 3064, 3064, 3058, 3059, 3062},
			[]float64{3075, 3065, 3059, 3065, 3060, 3081, 3186, 3135, 3087, 3062},
			3066, 3070, 0.446, report.Pass, report.Pass,
		},
	}
	for _, test := range tests {
		u, err := stats.MannWhitneyUTest(test.base, test.candidate, stats.LocationDiffers)
		if err != nil || math.Abs(u.P-test.p) > 0.0005 {
			t.Errorf("%s: p is %v, %v; benchstat prints %v", test.name, u, err, test.p)
		}
		forwards, backwards := compareTimes(t, test.base, test.candidate), compareTimes(t, test.candidate, test.base)
		if forwards.Verdict != test.forwards || backwards.Verdict != test.backward {
			t.Errorf("%s: %s, and backwards %s", test.name, forwards.Verdict, backwards.Verdict)
		}
		if printed := test.medianC / test.medianB; printed < forwards.Interval[0] || printed > forwards.Interval[1] || math.Abs(forwards.Ratio-printed) > 0.01 {
			t.Errorf("%s: %v in %v, benchstat prints %v", test.name, forwards.Ratio, forwards.Interval, printed)
		}
		if differs := forwards.Interval[0] > 1 || forwards.Interval[1] < 1; differs != (test.p < 0.05) {
			t.Errorf("%s: the interval is %v and benchstat's p is %v", test.name, forwards.Interval, test.p)
		}
		if math.Abs(forwards.Base-stats.GeoMean(test.base))+math.Abs(forwards.Candidate-stats.GeoMean(test.candidate)) > 1e-6 {
			t.Errorf("%s: the means are %v and %v", test.name, forwards.Base, forwards.Candidate)
		}
	}
}

// compareTimes compares runs whose sign-up has these medians, and returns the change of the median.
func compareTimes(t *testing.T, base, candidate []float64) Changed {
	t.Helper()
	asRuns := func(times []float64) (runs []report.Report) {
		for _, time := range times {
			runs = append(runs, report.Report{Verdict: report.Pass, Steps: []report.StepRow{{Step: "sign-up", ResponseTimePassedS: &report.Quantiles{Count: 1, P50: time}}}})
		}
		return runs
	}
	got, err := Compare(asRuns(base), asRuns(candidate), Comparing{Step: "sign-up", Gates: []string{"response_time_passed.p50"}})
	if err != nil {
		t.Fatal(err)
	}
	return got.Figures[0]
}
