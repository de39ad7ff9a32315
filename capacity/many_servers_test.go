package capacity_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/ombak-sim/ombak/capacity"
)

// machineRepair solves one center with thinking people, M/M/c//N, from its balance equations: with n people
// at the center, (N − n)/Z arrive and min(n, c)/D leave per second. The weights are summed by logarithms.
func machineRepair(people, servers int, think, demand float64) (throughput, queue float64) {
	weights := make([]float64, people+1)
	most := 0.0
	for n := 1; n <= people; n++ {
		weights[n] = weights[n-1] + math.Log(float64(people-n+1)/think) - math.Log(math.Min(float64(n), float64(servers))/demand)
		most = math.Max(most, weights[n])
	}
	var sum float64
	for n, weight := range weights {
		p := math.Exp(weight - most)
		sum += p
		queue += p * float64(n)
		throughput += p * math.Min(float64(n), float64(servers)) / demand
	}
	return throughput / sum, queue / sum
}

// TestManyServersAgreeWithTheBirthAndDeath scans sizes at which a poor scale loses the term of all people.
// Throughput must be right, not only free of errors.
func TestManyServersAgreeWithTheBirthAndDeath(t *testing.T) {
	for _, size := range []struct {
		people, servers []int
		thinks          []float64
	}{
		{[]int{500, 1500}, []int{2, 300, 1500}, []float64{.1, 1}},
		{[]int{5000}, []int{3000}, []float64{.5, 1}},
		{[]int{20_000}, []int{10_000}, []float64{1}},
	} {
		for _, people := range size.people {
			for _, servers := range size.servers {
				for _, think := range size.thinks {
					what := fmt.Sprintf("%d people, %d servers, think time %v", people, servers, think)
					got := must(capacity.ClosedNetwork{Population: people, Think: think, Centers: []capacity.Center{{Demand: 1, Servers: servers}}}.Exact())(t)
					throughput, queue := machineRepair(people, servers, think, 1)
					within(t, what+": X", got.Throughput, throughput, 1e-9)
					within(t, what+": Q", got.Centers[0].Queue, queue, 1e-8)
				}
			}
		}
	}
}

func TestManyServersOfKnownThroughput(t *testing.T) {
	alone := must(capacity.ClosedNetwork{Population: 20_000, Centers: []capacity.Center{{Demand: 1, Servers: 20_000}}}.Exact())(t)
	within(t, "as many servers as people: X", alone.Throughput, 20_000, 1e-9)
	within(t, "as many servers as people: R", alone.ResponseTime, 1, 1e-9)
	// A third of the people think and two thirds are served at once. Nobody waits.
	two := must(capacity.ClosedNetwork{Population: 10_000, Think: 1, Centers: []capacity.Center{{Demand: 1, Servers: 5000}, {Demand: 1, Servers: 5000}}}.Exact())(t)
	within(t, "two centers without a wait: X", two.Throughput, 10_000.0/3, 1e-9)
}

// TestSchweitzerWithSeveralServersIsSeidmann checks the textbook's figures: people queue only at the fast
// server. Solving Q = X·D/c·(1 + Q(N−1)/N), X = N/(Z + D(c−1)/c + Q/X) gives 901.7.
func TestSchweitzerWithSeveralServersIsSeidmann(t *testing.T) {
	network := capacity.ClosedNetwork{Population: 1000, Think: 1, Centers: []capacity.Center{{Demand: .1, Servers: 100}}}
	got := must(network.Schweitzer())(t)
	queue, throughput := 0.0, 0.0
	for range 100_000 {
		wait := .1 / 100 * (1 + queue*999/1000)
		throughput = 1000 / (1 + .1*99/100 + wait)
		queue = throughput * wait
	}
	within(t, "X", got.Throughput, throughput, 1e-9)
	printed(t, "X", got.Throughput, "901.7")
	printed(t, "exact X", must(network.Exact())(t).Throughput, "907.5")
}

// TestErrorOfSchweitzerWithSeveralServers checks the errors that the comment of Schweitzer states for one
// center, over few and many people and servers at all loads.
func TestErrorOfSchweitzerWithSeveralServers(t *testing.T) {
	for _, servers := range []int{1, 2, 4, 16, 100} {
		for _, people := range []int{1, 2, 3, 4, 5, 7, 10, 16, 30, 50, 100, 200, 300, 1000} {
			for _, think := range []float64{0, .2, .5, 1, 2, 3, 4, 9, 30, 100} {
				network := capacity.ClosedNetwork{Population: people, Think: think, Centers: []capacity.Center{{Demand: 1, Servers: servers}}}
				low := 1 - must(network.Schweitzer())(t).Throughput/must(network.Exact())(t).Throughput
				most := .25
				switch {
				case servers == 1:
					most = .07
				case people >= 2*servers:
					most = .13
				}
				if low > most || low < -1e-9 {
					t.Errorf("%d people, %d servers, think time %v: %.1f %% low, want 0 to %.0f %%", people, servers, think, 100*low, 100*most)
				}
			}
		}
	}
}
