package capacity_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/capacity"
)

// bruteForce enumerates every state of a closed network: the number of people at each center, with the rest
// thinking. It returns the throughput and the mean numbers.
func bruteForce(network capacity.ClosedNetwork) (throughput float64, queues []float64) {
	normal := make([]float64, 2) // with one person fewer, and with all
	sums := make([]float64, len(network.Centers))
	for less := range 2 {
		people := network.Population - 1 + less
		var visit func(center, left int, weight float64, at []int)
		visit = func(center, left int, weight float64, at []int) {
			if center == len(network.Centers) {
				for n := 1; n <= left; n++ {
					weight *= network.Think / float64(n)
				}
				normal[less] += weight
				for i, n := range at {
					if less == 1 {
						sums[i] += weight * float64(n)
					}
				}
				return
			}
			for n := 0; n <= left; n++ {
				if n > 0 {
					servers := float64(max(1, network.Centers[center].Servers))
					if network.Centers[center].Delay {
						servers = float64(n)
					}
					weight *= network.Centers[center].Demand / math.Min(float64(n), servers)
				}
				visit(center+1, left-n, weight, append(at[:center:center], n))
			}
		}
		visit(0, people, 1, nil)
	}
	for i := range sums {
		sums[i] /= normal[1]
	}
	return normal[0] / normal[1], sums
}

func networks(most int) *rapid.Generator[capacity.ClosedNetwork] {
	return rapid.Custom(func(t *rapid.T) capacity.ClosedNetwork {
		network := capacity.ClosedNetwork{
			Population: rapid.IntRange(1, most).Draw(t, "N"),
			Think:      rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(.01, 50)).Draw(t, "Z"),
		}
		for range rapid.IntRange(1, 4).Draw(t, "centers") {
			network.Centers = append(network.Centers, capacity.Center{
				Demand:  rapid.Float64Range(.001, 10).Draw(t, "D"),
				Servers: rapid.IntRange(0, 4).Draw(t, "servers"),
				Delay:   rapid.IntRange(0, 4).Draw(t, "delay") == 0,
			})
		}
		return network
	})
}

func TestExactSolutionAgreesWithEveryState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		network := networks(8).Draw(t, "network")
		throughput, queues := bruteForce(network)
		got := solved(network.Exact())(t)
		agree(t, "X", got.Throughput, throughput, 1e-10)
		for i, center := range got.Centers {
			agree(t, "Q", center.Queue, queues[i], 1e-10)
		}
	})
}

// TestTwoExactWaysAgree solves the same network by mean values and by the normalization constant. It selects
// the latter with an extra center whose second server is never needed.
func TestTwoExactWaysAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		network := networks(400).Draw(t, "network")
		for i := range network.Centers {
			network.Centers[i].Servers = 1
		}
		means := solved(network.Exact())(t)
		// Two servers equal a delay if the demand is negligible.
		network.Centers = append(network.Centers, capacity.Center{Demand: 1e-18, Servers: 2})
		constant := solved(network.Exact())(t)
		agree(t, "X", constant.Throughput, means.Throughput, 1e-9)
		for i, center := range means.Centers {
			agree(t, "Q", constant.Centers[i].Queue, center.Queue, 1e-8)
		}
	})
}

func TestClosedNetworksKeepTheirLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		network := networks(300).Draw(t, "network")
		for name, solve := range map[string]func(capacity.ClosedNetwork) (capacity.ClosedSolution, error){
			"exact": capacity.ClosedNetwork.Exact, "Schweitzer": capacity.ClosedNetwork.Schweitzer,
		} {
			got := solved(solve(network))(t)
			people := float64(network.Population)
			agree(t, name+": N = X(R + Z)", got.Throughput*(got.ResponseTime+network.Think), people, 1e-6)
			ceiling := people / network.Think
			for i, center := range network.Centers {
				if !center.Delay {
					ceiling = math.Min(ceiling, float64(max(1, center.Servers))/center.Demand)
				}
				if got.Centers[i].ResponseTime < center.Demand*(1-1e-9) {
					t.Fatalf("%s: %v s at a center that needs %v s of work", name, got.Centers[i].ResponseTime, center.Demand)
				}
			}
			if got.Throughput > ceiling*(1+1e-9) {
				t.Fatalf("%s: throughput %v above the ceiling %v", name, got.Throughput, ceiling)
			}
			network.Population++
			if more := solved(solve(network))(t); more.Throughput < got.Throughput*(1-1e-9) {
				t.Fatalf("%s: one more person lowers throughput from %v to %v", name, got.Throughput, more.Throughput)
			}
			network.Population--
		}
	})
}

func TestSchweitzerIsClose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		network := networks(200).Draw(t, "network")
		for i := range network.Centers {
			network.Centers[i].Servers = 1
		}
		exact, approximate := solved(network.Exact())(t), solved(network.Schweitzer())(t)
		agree(t, "X", approximate.Throughput, exact.Throughput, .10)
		if network.Population == 1 {
			agree(t, "X of one person", approximate.Throughput, exact.Throughput, 1e-9)
		}
	})
}

// TestSaturatedServersLoseNoDigits: hundreds of people at a saturated center. Mean value analysis with
// several servers gives negative probabilities in this case.
func TestSaturatedServersLoseNoDigits(t *testing.T) {
	network := capacity.ClosedNetwork{Population: 2000, Think: 1, Centers: []capacity.Center{{Demand: 1, Servers: 16}, {Demand: .05}}}
	got := must(network.Exact())(t)
	within(t, "X at the ceiling", got.Throughput, 16, 1e-9)
	within(t, "Q of the other center, M/M/1 at 16/s", got.Centers[1].Queue, .8/.2, 1e-9)
	// Machine repair: one center with c servers and thinking people is M/M/c//N; 20 machines, 3 repairers.
	repair := capacity.ClosedNetwork{Population: 20, Think: 10, Centers: []capacity.Center{{Demand: 1, Servers: 3}}}
	throughput, queues := bruteForce(repair)
	solution := must(repair.Exact())(t)
	within(t, "machine repair: X", solution.Throughput, throughput, 1e-12)
	within(t, "machine repair: Q", solution.Centers[0].Queue, queues[0], 1e-12)
}

func TestOpenNetworkOfOneIsAQueue(t *testing.T) {
	alone := must(capacity.OpenJackson([]capacity.OpenStation{{ArrivalRate: 9, ServiceRate: 5, Servers: 4}, {ServiceRate: 1}}))(t)
	within(t, "W", alone.ResponseTime, .2116848770, 1e-9)
	if idle := alone.Stations[1]; idle.L != 0 || idle.P0 != 1 {
		t.Errorf("a station without arrivals: %+v", idle)
	}
	// A request that fails comes back: half of the visits are repeats.
	repeated := must(capacity.OpenJackson([]capacity.OpenStation{{ArrivalRate: 2, ServiceRate: 5, Next: []float64{.5}}}))(t)
	within(t, "visits per second", repeated.Stations[0].Throughput, 4, 1e-12)
	within(t, "two visits of 1 s", repeated.ResponseTime, 2, 1e-12)
}

func TestNetworksRefuseNonsense(t *testing.T) {
	open := func(stations ...capacity.OpenStation) error {
		_, err := capacity.OpenJackson(stations)
		return err
	}
	closed := func(network capacity.ClosedNetwork) error {
		_, err := network.Exact()
		return err
	}
	one := []capacity.Center{{Name: "cpu", Demand: 1}}
	for _, test := range []struct {
		why  string
		err  error
		hint string
	}{
		{"no station", open(), "at least one"},
		{"nobody can leave", open(capacity.OpenStation{ArrivalRate: 1, ServiceRate: 9, Next: []float64{1}}), "no way out"},
		{"nobody can leave, except by rounding", open(capacity.OpenStation{ArrivalRate: 1, ServiceRate: 9, Next: []float64{1 + 5e-10}}), "no way out"},
		{"nobody can leave two stations, except by rounding", open(capacity.OpenStation{ArrivalRate: 1, ServiceRate: 9, Next: []float64{.5, .5 + 5e-10}}, capacity.OpenStation{ServiceRate: 9, Next: []float64{1}}), "no way out"},
		{"probabilities above 1", open(capacity.OpenStation{ArrivalRate: 1, ServiceRate: 9, Next: []float64{1.5}}), "must not exceed 1"},
		{"too many probabilities", open(capacity.OpenStation{ArrivalRate: 1, ServiceRate: 9, Next: []float64{0, 0}}), "one for each"},
		{"a saturated station is named", open(capacity.OpenStation{ArrivalRate: 1, ServiceRate: 9, Next: []float64{0, 1}}, capacity.OpenStation{ServiceRate: 1}), "station 2"},
		{"negative servers", open(capacity.OpenStation{ArrivalRate: 1, ServiceRate: 9, Servers: -1}), "at least 1"},
		{"nobody enters", open(capacity.OpenStation{ServiceRate: 9}), "arrival rate is 0"},
		{"nobody", closed(capacity.ClosedNetwork{Centers: one}), "at least 1"},
		{"no center", closed(capacity.ClosedNetwork{Population: 3}), "at least one"},
		{"negative think time", closed(capacity.ClosedNetwork{Population: 3, Think: -1, Centers: one}), "think time is -1"},
		{"no work at all", closed(capacity.ClosedNetwork{Population: 3, Centers: []capacity.Center{{}}}), "above 0"},
		{"too many for several servers", closed(capacity.ClosedNetwork{Population: 1e6, Centers: []capacity.Center{{Demand: 1, Servers: 2}}}), "approximate"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.hint) {
			t.Errorf("%s: error %v, want one with %q", test.why, test.err, test.hint)
		}
	}
}
