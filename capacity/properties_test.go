package capacity_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/capacity"
)

// solved fails the property if there is an error.
func solved[T any](value T, err error) func(*rapid.T) T {
	return func(t *rapid.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// agree compares two ways to compute the same figure.
func agree(t *rapid.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Max(math.Abs(want), 1e-300)) {
		t.Fatalf("%s = %.15g, want %.15g", what, got, want)
	}
}

func sameStation(t *rapid.T, what string, got, want capacity.Station, tolerance float64) {
	t.Helper()
	agree(t, what+": L", got.L, want.L, tolerance)
	agree(t, what+": Lq", got.Lq, want.Lq, tolerance)
	agree(t, what+": W", got.W, want.W, tolerance)
	agree(t, what+": Wq", got.Wq, want.Wq, tolerance)
	agree(t, what+": P0", got.P0, want.P0, tolerance)
	agree(t, what+": PWait", got.PWait, want.PWait, tolerance)
	agree(t, what+": Utilization", got.Utilization, want.Utilization, tolerance)
}

func utilizations() *rapid.Generator[float64] { return rapid.Float64Range(.01, .98) }
func rates() *rapid.Generator[float64]        { return rapid.Float64Range(1e-3, 1e4) }

func TestOneServerOfManyIsOneServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mu, rho := rates().Draw(t, "μ"), utilizations().Draw(t, "ρ")
		want := solved(capacity.MM1(rho*mu, mu))(t)
		sameStation(t, "M/M/c with one server", solved(capacity.MMc(rho*mu, mu, 1))(t), want, 1e-9)
		sameStation(t, "M/G/1 with exponential service", solved(capacity.MG1(rho*mu, 1/mu, 1))(t), want, 1e-9)
		sameStation(t, "M/G/c with one exponential server", solved(capacity.MGc(rho*mu, 1/mu, 1, 1))(t), want, 1e-9)
	})
}

func TestLittleHoldsEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mu, rho := rates().Draw(t, "μ"), utilizations().Draw(t, "ρ")
		c := rapid.IntRange(1, 300).Draw(t, "c")
		scv := rapid.Float64Range(0, 20).Draw(t, "SCV")
		lambda := rho * mu * float64(c)
		places := c + rapid.IntRange(0, 500).Draw(t, "places to wait")
		for name, station := range map[string]capacity.Station{
			"M/M/c":       solved(capacity.MMc(lambda, mu, c))(t),
			"M/M/c/K":     solved(capacity.MMcK(3*lambda, mu, c, places))(t),
			"M/M/c/c":     solved(capacity.LossSystem(3*lambda, mu, c))(t),
			"M/G/c":       solved(capacity.MGc(lambda, 1/mu, scv, c))(t),
			"M/G/1":       solved(capacity.MG1(rho*mu, 1/mu, scv))(t),
			"with set-up": solved(capacity.MG1SetUp(rho*mu, 1/mu, scv, 3/mu, .5))(t),
		} {
			agree(t, name+": L", station.L, station.Throughput*station.W, 1e-9)
			agree(t, name+": Lq", station.Lq, station.Throughput*station.Wq, 1e-7)
			agree(t, name+": busy servers", station.L-station.Lq, station.Throughput/mu, 1e-7)
		}
		theta := rapid.Float64Range(.01, 10).Draw(t, "θ/μ") * mu
		impatient := solved(capacity.ErlangA(3*lambda, mu, c, theta))(t)
		agree(t, "Erlang A: served and abandoned", impatient.Throughput+3*lambda*impatient.PAbandon, 3*lambda, 1e-9)
		agree(t, "Erlang A: busy servers", impatient.L-impatient.Lq, impatient.Throughput/mu, 1e-9)
	})
}

// naive sums a birth-death chain as the textbook writes it, which works only for small systems.
func naive(lambda, mu, theta float64, servers, last int) (weights []float64) {
	weights = []float64{1}
	sum := 1.0
	for n := 1; n <= last; n++ {
		out := math.Min(float64(n), float64(servers))*mu + math.Max(0, float64(n-servers))*theta
		weights = append(weights, weights[n-1]*lambda/out)
		sum += weights[n]
	}
	for n := range weights {
		weights[n] /= sum
	}
	return weights
}

func TestSmallSystemsAgreeWithTheirTextbookSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mu, load := rates().Draw(t, "μ"), rapid.Float64Range(.05, 12).Draw(t, "load")
		c := rapid.IntRange(1, 8).Draw(t, "c")
		places := c + rapid.IntRange(0, 30).Draw(t, "places to wait")
		station := solved(capacity.MMcK(load*mu, mu, c, places))(t)
		p := naive(load*mu, mu, 0, c, places)
		var l float64
		for n := range p {
			l += float64(n) * p[n]
		}
		agree(t, "p0", station.P0, p[0], 1e-10)
		agree(t, "pK", station.PBlock, p[places], 1e-10)
		agree(t, "L", station.L, l, 1e-10)
		theta := rapid.Float64Range(.1, 3).Draw(t, "θ/μ") * mu
		impatient := solved(capacity.ErlangA(load*mu, mu, c, theta))(t)
		p = naive(load*mu, mu, theta, c, 1000)
		var lq float64
		l = 0
		for n := range p {
			l += float64(n) * p[n]
			lq += math.Max(0, float64(n-c)) * p[n]
		}
		agree(t, "Erlang A: Lq", impatient.Lq, lq, 1e-10)
		agree(t, "Erlang A: abandoned", impatient.PAbandon, lq*theta/(load*mu), 1e-10)
		agree(t, "Erlang A: L", impatient.L, l, 1e-10)
		agree(t, "Erlang A: p0", impatient.P0, p[0], 1e-10)
	})
}

func TestErlangBIsItsSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.IntRange(1, 10_000).Draw(t, "c")
		load := float64(c) * rapid.Float64Range(.5, 3).Draw(t, "load per server")
		// B = (a^c/c!)/Σ aⁿ/n!, with each term relative to the last, by logarithms.
		term := func(n int) float64 {
			gamma, _ := math.Lgamma(float64(n) + 1)
			return float64(n)*math.Log(load) - gamma
		}
		var sum float64
		for n := 0; n <= c; n++ {
			sum += math.Exp(term(n) - term(c))
		}
		want := 1 / sum
		agree(t, "B", solved(capacity.ErlangB(c, load))(t), want, 1e-8)
		agree(t, "loss system", solved(capacity.LossSystem(load, 1, c))(t).PBlock, want, 1e-8)
		agree(t, "M/M/c/c", solved(capacity.MMcK(load, 1, c, c))(t).PBlock, want, 1e-8)
	})
}

func TestLimitsOfErlangA(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.IntRange(1, 200).Draw(t, "c")
		rho := rapid.Float64Range(.05, .95).Draw(t, "ρ")
		lambda := rho * float64(c)
		patient := solved(capacity.ErlangA(lambda, 1, c, 1e-9))(t)
		sameStation(t, "nobody leaves", patient, solved(capacity.MMc(lambda, 1, c))(t), 1e-5)
		hasty := solved(capacity.ErlangA(lambda, 1, c, 1e9))(t)
		agree(t, "everybody leaves at once", hasty.PAbandon, solved(capacity.ErlangB(c, lambda))(t), 1e-5)
		// With θ = μ the number in the system is that of M/M/∞: Poisson.
		same := solved(capacity.ErlangA(3*lambda, 1, c, 1))(t)
		agree(t, "L with θ = μ", same.L, 3*lambda, 1e-10)
		agree(t, "P(wait) with θ = μ", same.PWait, mathext.GammaIncReg(float64(c), 3*lambda), 1e-8)
	})
}

func TestManyPlacesAreNoLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.IntRange(1, 100).Draw(t, "c")
		lambda := rapid.Float64Range(.05, .95).Draw(t, "ρ") * float64(c)
		limited := solved(capacity.MMcK(lambda, 1, c, c+2000))(t)
		sameStation(t, "M/M/c/∞", limited, solved(capacity.MMc(lambda, 1, c))(t), 1e-8)
	})
}

func TestMoreServersWaitLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.IntRange(1, 2000).Draw(t, "c")
		lambda := utilizations().Draw(t, "ρ") * float64(c)
		few, more := solved(capacity.MMc(lambda, 1, c))(t), solved(capacity.MMc(lambda, 1, c+1))(t)
		busier := solved(capacity.MMc(lambda*1.01, 1, c))(t)
		if !(more.PWait <= few.PWait && more.Wq <= few.Wq && few.PWait <= busier.PWait && few.Wq <= busier.Wq) {
			t.Fatalf("waits are not monotone: %v, one more server %v, more load %v", few, more, busier)
		}
		if !(solved(capacity.ErlangB(c+1, lambda))(t) <= solved(capacity.ErlangB(c, lambda))(t)) {
			t.Fatal("one more line blocks more")
		}
		fewPlaces, morePlaces := solved(capacity.MMcK(2*lambda, 1, c, c+3))(t), solved(capacity.MMcK(2*lambda, 1, c, c+4))(t)
		if !(morePlaces.PBlock <= fewPlaces.PBlock && morePlaces.Throughput >= fewPlaces.Throughput*(1-1e-12)) {
			t.Fatal("one more place turns more away")
		}
	})
}

func TestStaffingIsTheSmallest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		load := rapid.Float64Range(.01, 5000).Draw(t, "a")
		target := rapid.Float64Range(.001, .999).Draw(t, "target")
		c := solved(capacity.Servers(load, target))(t)
		if wait := solved(capacity.ErlangC(c, load))(t); wait > target {
			t.Fatalf("%d servers: P(wait) = %v", c, wait)
		}
		if fewer := float64(c - 1); fewer > load {
			if wait := solved(capacity.ErlangC(c-1, load))(t); wait <= target {
				t.Fatalf("%d servers suffice: P(wait) = %v", c-1, wait)
			}
		}
		rule := solved(capacity.SquareRootServers(load, target))(t)
		if load > 50 && target > .05 && math.Abs(rule-float64(c)) > 2 {
			t.Fatalf("the square-root rule gives %v, the exact answer is %d", rule, c)
		}
		late := solved(capacity.ServersForWait(load, 1, 0, target))(t)
		if late != c {
			t.Fatalf("to wait longer than 0 s is to wait: %d servers, want %d", late, c)
		}
	})
}

func TestPrioritiesShareOneWait(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "classes")
		mean := rapid.Float64Range(1e-3, 10).Draw(t, "E[S]")
		var classes []capacity.Class
		var total float64
		for range n {
			rate := rapid.Float64Range(.01, .95).Draw(t, "load") / float64(n) / mean
			classes = append(classes, capacity.Class{ArrivalRate: rate, ServiceMean: mean, SCV: 1})
			total += rate
		}
		one := solved(capacity.MG1(total, mean, 1))(t)
		// With one exponential service time, the order of service does not change the mean over all classes.
		for name, stations := range map[string][]capacity.Station{
			"non-pre-emptive": solved(capacity.NonPreemptive(classes))(t), "pre-emptive": solved(capacity.PreemptiveResume(classes))(t),
		} {
			var waiting float64
			for k, station := range stations {
				waiting += station.Lq
				if k > 0 && station.Wq < stations[k-1].Wq {
					t.Fatalf("%s: class %d waits less than a more important one", name, k+1)
				}
			}
			agree(t, name+": Lq", waiting, one.Lq, 1e-9)
		}
		// The most important class of a pre-emptive server is not affected by the others.
		alone := solved(capacity.MG1(classes[0].ArrivalRate, mean, 1))(t)
		agree(t, "first class", solved(capacity.PreemptiveResume(classes))(t)[0].W, alone.W, 1e-9)
	})
}

func TestPausesAndSetUpsReduceToNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mean, rho, scv := rates().Draw(t, "E[S]"), utilizations().Draw(t, "ρ"), rapid.Float64Range(0, 9).Draw(t, "SCV")
		plain := solved(capacity.MG1(rho/mean, mean, scv))(t)
		sameStation(t, "no set-up", solved(capacity.MG1SetUp(rho/mean, mean, scv, 0, 0))(t), plain, 1e-12)
		sameStation(t, "no pauses", solved(capacity.MG1Pauses(rho/mean, mean, scv, 0, 1, 1))(t), plain, 1e-9)
		// An exponential set-up adds its mean to every time in the system, because it is memoryless.
		cold := solved(capacity.MG1SetUp(rho/mean, mean, scv, 7, 1))(t)
		agree(t, "exponential set-up", cold.W, plain.W+7, 1e-9)
	})
}

func TestGoodputAndWasteAreWhatIsServed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mu, load := rates().Draw(t, "μ"), rapid.Float64Range(.1, 4).Draw(t, "load")
		places := rapid.IntRange(1, 200).Draw(t, "K")
		timeout := rapid.Float64Range(.1, 300).Draw(t, "μT") / mu
		served := solved(capacity.ImpatientGoodput(load*mu, mu, places, timeout))(t)
		station := solved(capacity.MMcK(load*mu, mu, 1, places))(t)
		agree(t, "served", served.Goodput+served.Wasted, station.Throughput, 1e-9)
		longer := solved(capacity.ImpatientGoodput(load*mu, mu, places, 1.5*timeout))(t)
		if longer.Goodput < served.Goodput*(1-1e-12) {
			t.Fatal("more patience brings less goodput")
		}
	})
}

func TestRetriesAtTheThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		retries := rapid.IntRange(0, 30).Draw(t, "retries")
		failure := rapid.Float64Range(0, 1).Draw(t, "p")
		lambda := rates().Draw(t, "λ")
		headroom := rapid.Float64Range(.5, 40).Draw(t, "capacity/λ")
		storm := solved(capacity.Retries(lambda, headroom*lambda, failure, retries))(t)
		var sum float64
		for n := 0; n <= retries; n++ {
			sum += math.Pow(failure, float64(n))
		}
		agree(t, "amplification", storm.Amplification, sum, 1e-9)
		if storm.Overload != (sum*lambda > headroom*lambda) && math.Abs(sum-headroom) > 1e-9*sum {
			t.Fatalf("overload = %v at %v attempts per request, headroom %v", storm.Overload, sum, headroom)
		}
		if critical := storm.CriticalFailure; critical > 0 && critical < 1 {
			at := solved(capacity.Retries(lambda, headroom*lambda, critical, retries))(t)
			agree(t, "attempts at the critical share of failures", at.Attempts, headroom*lambda, 1e-9)
		}
		safe := solved(capacity.Retries(storm.SafeRate, headroom*lambda, 1, retries))(t)
		agree(t, "attempts at the safe rate when all fail", safe.Attempts, headroom*lambda, 1e-9)
	})
}
