package capacity_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

// TestTenThousandServers compares sizes at which factorials overflow with limits from other sources.
func TestTenThousandServers(t *testing.T) {
	const c = 10_000
	// Jagerman 1974: 1/B(c, c) = √(πc/2) + 2/3 + √(2π)/(24√c) + …
	within(t, "B(c, c)", must(capacity.ErlangB(c, c))(t), 1/(math.Sqrt(math.Pi*c/2)+2.0/3+math.Sqrt(2*math.Pi/c)/24), 1e-6)
	for _, load := range []float64{1, 5_000, 9_000, 9_900, 9_990, 9_999, 9_999.999} {
		station := must(capacity.MMc(load, 1, c))(t)
		within(t, "C of M/M/c and Erlang C", station.PWait, must(capacity.ErlangC(c, load))(t), 1e-12)
		if station.PWait < 0 || station.PWait > 1 {
			t.Errorf("load %v: P(wait) = %v", load, station.PWait)
		}
	}
	// Halfin, Whitt 1981: with β = (1 − ρ)√c = 0.5 the limit is 0.5046…; the next term is O(1/√c).
	within(t, "M/M/c/K far above capacity serves at capacity", must(capacity.ErlangC(c, 9_950))(t), 0.5046, 5e-3)
	within(t, "M/M/c/K far above capacity serves at capacity", must(capacity.MMcK(30_000, 1, c, 20_000))(t).Throughput, c, 1e-9)
	// Fluid limit of Erlang A above capacity: (λ − cμ)/λ leave.
	within(t, "Erlang A far above capacity", must(capacity.ErlangA(20_000, 1, c, .5))(t).PAbandon, .5, 1e-6)
	if _, err := capacity.ErlangC(100_000_000, 9e7); err != nil {
		t.Error(err)
	}
	// Halfin, Whitt 1981: 1/(1 + βΦ(β)/φ(β)) with β = (1 − ρ)√c = 0.1414214.
	within(t, "C of 50 million servers", must(capacity.MMc(49_999_000, 1, 50_000_000))(t).PWait, 0.8339, 1e-4)
}

func TestOutsideValidityIsAnErrorWithAHint(t *testing.T) {
	station := func(_ capacity.Station, err error) error { return err }
	number := func(_ float64, err error) error { return err }
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		why  string
		err  error
		hint string
	}{
		{"saturated M/M/1, which has one server", station(capacity.MM1(48, 1)), "below 1: give a faster server, or fewer arrivals"},
		{"saturated M/G/1", station(capacity.MG1(1, 48, 1)), "below 1: give a faster server, or fewer arrivals"},
		{"overloaded M/M/c", station(capacity.MMc(10, 1, 4)), "at least 11 servers"},
		{"no servers", station(capacity.MMc(1, 1, 0)), "at least 1 is needed"},
		{"a negative load", station(capacity.MM1(-1, 1)), "above 0"},
		{"a rate that is not a number", station(capacity.MM1(nan, 1)), "above 0"},
		{"an infinite rate", station(capacity.MMcK(inf, 1, 2, 3)), "finite"},
		{"fewer places than servers", station(capacity.MMcK(1, 1, 4, 3)), "give at least 4"},
		{"too many servers to compute", station(capacity.MMc(1, 1, math.MaxInt)), "at most"},
		{"a negative variance", station(capacity.MG1(.5, 1, -1)), "0 or more"},
		{"saturated by pauses alone", station(capacity.MG1Pauses(95, .01, 1, 1, .1, 0)), "utilization is 1.045"},
		{"nobody ever leaves", station(capacity.ErlangA(1, 1, 1, 0)), "above 0"},
		{"too many people to compute", station(capacity.ErlangA(1e9, 1, 1, 1e-12)), "abandonment rate"},
		{"a load beyond range", station(capacity.MM1(1e308, 1e-308)), "above 0"},
		{"a time beyond range", station(capacity.MG1(1e-310, 1e308, 1e300)), "range"},
		{"Erlang B of a negative load", number(capacity.ErlangB(3, -1)), "0 or more"},
		{"Erlang C at saturation", number(capacity.ErlangC(3, 3)), "at least 4 servers"},
		{"certainty", number(capacity.MM1ResponseQuantile(.5, 1, 1)), "between 0 and 1"},
		{"Little without a rate", number(capacity.TimeInSystem(3, 0)), "above 0"},
		{"a cache without keys", number(capacity.TTLHitRate(nil, 1)), "at least one"},
		{"a cache without requests", number(capacity.TTLHitRate([]float64{0, 0}, 1)), "sum of all request rates"},
		{"a swing below zero", number(capacity.Sinusoid{Mean: 1, Amplitude: 2, Frequency: 1}.InProgress(1, 0)), "at most the mean"},
		{"a negative rate on the way", number(capacity.OfferedLoad(func(t float64) float64 { return 1 - t }, 1, 2)), "arrival rate at"},
		{"a rate that is noise", number(capacity.OfferedLoad(func(t float64) float64 { return math.Abs(math.Sin(1e7 * t)) }, 1, 2)), "varies too finely"},
		{"a rate without end", number(capacity.OfferedLoad(func(float64) float64 { return inf }, 1, 2)), "arrival rate at"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.hint) {
			t.Errorf("%s: error %v, want one with %q", test.why, test.err, test.hint)
		}
	}
}

func TestBoundsAreNotExceededByRounding(t *testing.T) {
	if abandoned := must(capacity.ErlangA(48, 1e-18, 50, .5))(t).PAbandon; abandoned > 1 {
		t.Errorf("the share %v of people abandons", abandoned)
	}
	if alone := must(capacity.Retries(100, 100, .3, 0))(t); alone.Attempts != 100 || alone.Amplification != 1 || alone.Overload {
		t.Errorf("without retries at capacity: %+v", alone)
	}
}

func TestPollaczekKhinchineByQuadrature(t *testing.T) {
	// Wq is the mean work found: λE[S²]/2/(1−ρ), with E[S²] = ∫ 2s·P(S > s) ds of a uniform service time on
	// (0.5, 1.5). A thousand panels are exact to 1e-6.
	var second float64
	const panels = 3000
	for i := range panels {
		s := (float64(i) + .5) * 1.5 / panels
		second += 2 * s * math.Min(1, 1.5-s) * 1.5 / panels
	}
	within(t, "Wq", must(capacity.MG1(.8, 1, 1.0/12))(t).Wq, .8*second/2/.2, 1e-6)
}

func TestOfferedLoadOfJumps(t *testing.T) {
	step := func(t float64) float64 {
		if t < math.Pi {
			return 0
		}
		return 7
	}
	within(t, "a step at π", must(capacity.OfferedLoad(step, .3, 10))(t), 7/.3*(1-math.Exp(-.3*(10-math.Pi))), 1e-8)
	// Constant service of 2 s: everyone who arrived in the last 2 s is in the system.
	constant := func(age float64) float64 {
		if age < 2 {
			return 1
		}
		return 0
	}
	within(t, "a ramp with constant service", must(capacity.OfferedLoadOf(func(t float64) float64 { return 10 * t }, constant, 10))(t), 180, 1e-8)
	swing := capacity.Sinusoid{Mean: 100, Amplitude: 80, Frequency: 3}
	quadrature := must(capacity.OfferedLoad(func(t float64) float64 { return 100 + 80*math.Sin(3*t) }, 2, 60))(t)
	within(t, "a sinusoid long after the start", quadrature, must(swing.InProgress(2, 60))(t), 1e-8)
}

// TestOfferedLoadOfShortServiceInALongTime: a service time of a millionth of the time does not fall between
// the sampling points.
func TestOfferedLoadOfShortServiceInALongTime(t *testing.T) {
	flat := func(float64) float64 { return 100 }
	for _, test := range []struct{ serviceRate, t float64 }{{20, 86_400}, {1000, 3600}, {1e4, 86_400}, {1e9, 1e7}, {1, 1e-3}, {1e-3, 86_400}} {
		got := must(capacity.OfferedLoad(flat, test.serviceRate, test.t))(t)
		within(t, fmt.Sprintf("service rate %v at %v s", test.serviceRate, test.t), got, -100/test.serviceRate*math.Expm1(-test.serviceRate*test.t), 1e-9)
	}
	day := capacity.Sinusoid{Mean: 100, Amplitude: 80, Frequency: 2 * math.Pi / 86_400}
	noon := must(capacity.OfferedLoad(func(t float64) float64 { return 100 + 80*math.Sin(2*math.Pi*t/86_400) }, 5, 10*86_400))(t)
	within(t, "the tenth day", noon, must(day.InProgress(5, 10*86_400))(t), 1e-9)
	// The rate jumps every second, for the last time 0.5 s before the end.
	steps := func(t float64) float64 { return 10 * (1 + math.Mod(math.Floor(t), 2)) }
	want := 0.0
	for second := 3600.0; second >= 0; second-- {
		want += steps(second) / 3 * (math.Exp(-3*math.Max(0, 3600.5-second-1)) - math.Exp(-3*(3600.5-second)))
	}
	within(t, "steps", must(capacity.OfferedLoad(steps, 3, 3600.5))(t), want, 1e-8)
	long := func(age float64) float64 { return math.Pow(1+age, -1.5) }
	within(t, "a long tail", must(capacity.OfferedLoadOf(flat, long, 1e6))(t), 200*(1-math.Pow(1+1e6, -.5)), 1e-9)
}

func TestCacheHits(t *testing.T) {
	within(t, "one key with 9 requests per lifetime", must(capacity.TTLHitRate([]float64{9}, 1))(t), .9, 1e-12)
	within(t, "two keys weigh by their requests", must(capacity.TTLHitRate([]float64{3, 1}, 1))(t), (3*.75+.5)/4, 1e-12)
	within(t, "a sliding life", must(capacity.SlidingTTLHitRate([]float64{2}, .5))(t), 1-math.Exp(-1), 1e-12)
}

func TestWaitQuantileUndoesTail(t *testing.T) {
	at := must(capacity.MMcWaitQuantile(9, 5, 2, .99))(t)
	within(t, "tail at the quantile", must(capacity.MMcWaitTail(9, 5, 2, at))(t), .01, 1e-9)
	if at := must(capacity.MMcWaitQuantile(9, 5, 4, .5))(t); at != 0 {
		t.Errorf("half of the people wait %v s, want 0", at)
	}
}

// TestFluidAgreesWithSmallSteps integrates the same curves in steps of a millisecond.
func TestFluidAgreesWithSmallSteps(t *testing.T) {
	in := []workload.Segment{
		{For: 5 * time.Second, From: 10, To: 90},
		{For: 4 * time.Second, From: 90, To: 20},
		{For: 6 * time.Second, From: 5, To: 5},
		{For: 3 * time.Second, From: 0, To: 120},
		{For: 20 * time.Second, From: 0, To: 0},
	}
	out := []workload.Segment{{For: 6 * time.Second, From: 50, To: 30}, {For: 2 * time.Second}, {For: time.Second, From: 60, To: 70}}
	got := must(capacity.Fluid(in, out))(t)
	wantWait, wantBacklog, wantClear := steps(in, out, 40)
	var wait, backlog float64
	for _, overload := range got {
		wait, backlog = max(wait, overload.LongestWait), max(backlog, overload.Backlog)
	}
	within(t, "longest wait", wait, wantWait, 2e-3)
	within(t, "backlog", backlog, wantBacklog, 2e-3)
	within(t, "clear", got[len(got)-1].Clear, wantClear, 2e-3)
	if len(got) != 2 {
		t.Errorf("%d overloads, want two: %+v", len(got), got)
	}
}

func steps(in, out []workload.Segment, until float64) (longest, most, clear float64) {
	const dt = 1e-3
	rate := func(segments []workload.Segment, t, after float64) float64 {
		for _, s := range segments {
			if t < s.For.Seconds() {
				return float64(s.From) + (float64(s.To)-float64(s.From))*t/s.For.Seconds()
			}
			t -= s.For.Seconds()
		}
		return after
	}
	var arrived, gone, backlog float64
	var arrivals []float64
	next := 0
	for k := 0; float64(k)*dt < until; k++ {
		t := (float64(k) + .5) * dt
		arrived += rate(in, t, 0) * dt
		arrivals = append(arrivals, arrived)
		served := min(backlog+rate(in, t, 0)*dt, rate(out, t, 70)*dt)
		backlog += rate(in, t, 0)*dt - served
		gone += served
		if backlog > 1e-6 {
			clear = t
		}
		most = max(most, backlog)
		for next < len(arrivals) && arrivals[next] <= gone+1e-9 {
			longest = max(longest, float64(k-next)*dt)
			next++
		}
	}
	return longest, most, clear
}

func TestFluidEdges(t *testing.T) {
	flat := func(span time.Duration, rate float64) workload.Segment {
		return workload.Segment{For: span, From: workload.Rate(rate), To: workload.Rate(rate)}
	}
	if got := must(capacity.Fluid([]workload.Segment{flat(time.Minute, 10)}, []workload.Segment{flat(time.Minute, 10)}))(t); len(got) != 0 {
		t.Errorf("arrivals at capacity overload: %+v", got)
	}
	outage := must(capacity.Fluid([]workload.Segment{flat(time.Minute, 10)}, []workload.Segment{flat(10*time.Second, 20), flat(20*time.Second, 0), flat(time.Second, 20)}))(t)
	if len(outage) != 1 {
		t.Fatalf("an outage makes %d overloads: %+v", len(outage), outage)
	}
	within(t, "an outage begins", outage[0].Begin, 10, 1e-9)
	within(t, "the first arrival in an outage waits until its end", outage[0].LongestWait, 20, 1e-9)
	within(t, "its backlog", outage[0].Backlog, 200, 1e-9)
	within(t, "it clears", outage[0].Clear, 50, 1e-9)
	afterwards := must(capacity.Fluid([]workload.Segment{flat(time.Minute, 10)}, []workload.Segment{flat(time.Second, 5)}))(t)
	within(t, "a backlog drains after the last arrival", afterwards[0].Clear, 120, 1e-9)
	within(t, "the last arrival waits longest", afterwards[0].LongestWait, 60, 1e-9)
	for why, curves := range map[string][2][]workload.Segment{
		"never clears":    {{flat(time.Minute, 10)}, {flat(time.Minute, 5), flat(time.Second, 0)}},
		"negative":        {{flat(time.Minute, -1)}, {flat(time.Minute, 5)}},
		"no arrivals":     {nil, {flat(time.Minute, 5)}},
		"no capacity":     {{flat(time.Minute, 5)}, {flat(0, 5)}},
		"an endless rate": {{flat(time.Minute, math.Inf(1))}, {flat(time.Minute, 5)}},
	} {
		if _, err := capacity.Fluid(curves[0], curves[1]); err == nil {
			t.Errorf("%s: no error", why)
		}
	}
}
