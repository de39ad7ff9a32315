//go:build statistics

package sim

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// TestOneStation compares single stations with closed forms. The values are those of Kleinrock, "Queueing
// Systems", vol. I, and of Gross and Harris, "Fundamentals of Queueing Theory", recomputed to high precision.
func TestOneStation(t *testing.T) {
	sharing := station(1, "exponential(1s)", -1)
	sharing.Sharing = true
	sharedVaried := station(1, "empirical(0s, 0s, 0s, 0s, 5s)", -1)
	sharedVaried.Sharing = true
	lifo := station(1, "exponential(1s)", -1)
	lifo.Discipline = workload.LIFO
	balking := station(1, "exponential(1s)", -1)
	balking.Balking = 1
	pausing := station(1, "exponential(10ms)", -1)
	pausing.Pauses = Pauses{Rate: 0.2, Length: dist("100ms")}
	tests := []struct {
		why    string
		design design
		theory sheet
		wide   []string
	}{
		{"M/M/1, the base of all", one(.8, station(1, "exponential(1s)", -1), 400_000), sheet{"L1": 4, "Lq1": 3.2, "W.0": 5, "Wq.0": 4, "p99": 23.02585093, "U1": .8}, []string{"p99"}},
		{"M/M/1, moderate", one(5, station(1, "exponential(125ms)", -1), 200_000), sheet{"Wq.0": .2083333}, nil},
		{"M/M/2, heavy traffic", one(9, station(2, "exponential(200ms)", -1), 1_500_000), sheet{"pWait": .8526315789, "Lq1": 7.6736842105, "W.0": 1.0526315789}, []string{"pWait"}},
		{"M/M/4, light traffic", one(9, station(4, "exponential(200ms)", -1), 150_000), sheet{"pWait": .1285336468, "Lq1": .1051638928, "W.0": .2116848770}, []string{"pWait", "Lq1"}},
		{"Erlang C (10, 8)", one(8, station(10, "exponential(1s)", -1), 100_000), sheet{"pWait": .4091801508}, []string{"pWait"}},
		{"Erlang C (50, 48)", one(48, station(50, "exponential(1s)", -1), 250_000), sheet{"pWait": .6944556112}, []string{"pWait"}},
		{"Erlang B (5, 3)", one(3, station(5, "exponential(1s)", 0), 60_000), sheet{"pBlock": .1100543478}, []string{"pBlock"}},
		{"Erlang B (10, 10)", one(10, station(10, "exponential(1s)", 0), 50_000), sheet{"pBlock": .2145823431}, []string{"pBlock"}},
		{"Erlang B (20, 15)", one(15, station(20, "exponential(1s)", 0), 150_000), sheet{"pBlock": .0455932156}, []string{"pBlock"}},
		{"Erlang B with a constant time: insensitive", one(3, station(5, "1s", 0), 60_000), sheet{"pBlock": .1100543478}, []string{"pBlock"}},
		{"Erlang B with a lognormal time: insensitive", one(10, station(10, "lognormal(median=606.5306597ms, p95=3.142001s)", 0), 60_000), sheet{"pBlock": .2145823431}, []string{"pBlock"}},
		{"M/M/3/7", one(40, station(3, "exponential(33.333333333ms)", 4), 50_000), sheet{"W.0": .0365170079}, nil},
		{"M/M/2/5, full more often", one(3, station(2, "exponential(500ms)", 3), 60_000), sheet{"pBlock": .0851138354, "L1": 2.0059544659, "Wq.0": .2308575804}, []string{"pBlock"}},
		{"M/D/1", one(.8, station(1, "1s", -1), 250_000), sheet{"Wq.0": 2}, nil},
		{"M/G/1, SCV .25", one(.8, station(1, "empirical(500ms, 1500ms)", -1), 250_000), sheet{"Wq.0": 2.5}, nil},
		{"M/G/1, SCV 4", one(.8, station(1, "empirical(0s, 0s, 0s, 0s, 5s)", -1), 900_000), sheet{"Wq.0": 10}, nil},
		{"processor sharing: as M/M/1", one(.8, sharing, 300_000), sheet{"W.0": 5}, nil},
		{"processor sharing does not mind the variance", one(.5, sharedVaried, 120_000), sheet{"W.0": 2}, nil},
		{"last come, first served waits as long on average", one(.8, lifo, 400_000), sheet{"Wq.0": 4}, nil},
		{"discouraged arrivals: Poisson with mean ρ", one(1.5, balking, 60_000), sheet{"L1": 1.5}, nil},
		{"collector pauses", one(80, pausing, 400_000), sheet{"W.0": .0597826087}, nil},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) { test.design.check(t, test.theory, test.wide...) })
	}
}

// TestPriorities compares priorities with Cobham's formula and its pre-emptive variant (Jaiswal, "Priority
// Queues", 1968).
func TestPriorities(t *testing.T) {
	for _, test := range []struct {
		why        string
		preemptive bool
		theory     sheet
	}{
		{"non-pre-emptive", false, sheet{"Wq.0": 1.1428571, "Wq.1": 5.7142857}},
		{"pre-emptive resume", true, sheet{"W.0": 1.4285714, "W.1": 7.1428571}},
	} {
		t.Run(test.why, func(t *testing.T) {
			config := station(1, "exponential(1s)", -1)
			config.Discipline, config.Preemptive = workload.Priority, test.preemptive
			design{stations: []StationConfig{config}, arrivals: 400_000, sources: []source{{rate: .3, class: 0}, {rate: .5, class: 1}}}.check(t, test.theory)
		})
	}
}

// TestErlangA compares a queue of impatient customers with the Erlang A formula (Palm 1957; Garnett, Mandelbaum,
// Reiman 2002).
func TestErlangA(t *testing.T) {
	config := station(50, "exponential(1s)", -1)
	d := one(48, config, 250_000)
	d.patience = "exponential(2s)"
	d.check(t, sheet{"pWait": .4677740686, "pAbandon": .0309122492, "Wq.0": .0618244983, "Lq1": 2.9675759196, "U1": .9303242408}, "pWait", "pAbandon", "Wq.0", "Lq1")
}

// TestWastedWork uses clients that leave after 3 s while the server continues. In overload, goodput with a long
// queue collapses to zero. A short queue prevents the collapse.
func TestWastedWork(t *testing.T) {
	queue := func(rate float64, k, arrivals int) design {
		d := one(rate, station(1, "exponential(100ms)", k-1), arrivals)
		d.timeout = 3 * time.Second
		return d
	}
	t.Run("near saturation part of the work is wasted", func(t *testing.T) {
		queue(9.5, 100, 400_000).check(t, sheet{"throughput": 7.4220085864, "wasted1": 2.0751632553}, "wasted1", "throughput")
	})
	t.Run("overload with a short queue", func(t *testing.T) {
		queue(15, 20, 60_000).check(t, sheet{"throughput": 9.8808780991})
	})
	t.Run("overload with a long queue collapses", func(t *testing.T) {
		d := queue(15, 100, 100_000)
		for seed := uint64(1); seed <= replications; seed++ {
			if good := d.measure(seed)["throughput"]; good > 0 {
				t.Errorf("seed %d: goodput %v/s, want none (theory: below 1e-9/s)", seed, good)
			}
		}
	})
}

// TestJacksonNetwork reproduces example 7.4 of Bolch, Greiner, de Meer, Trivedi, "Queueing Networks and Markov
// Chains": a CPU, two devices and an entry station.
func TestJacksonNetwork(t *testing.T) {
	design{
		stations: []StationConfig{station(1, "exponential(40ms)", -1), station(1, "exponential(30ms)", -1), station(1, "exponential(60ms)", -1), station(1, "exponential(50ms)", -1)},
		sources:  []source{{rate: 4, station: 3}}, arrivals: 180_000,
		route: func(l *lab, at int) int {
			switch {
			case at == 0 && l.stream.Chance(.5):
				return 1
			case at == 0:
				return 2
			case at == 2 && l.stream.Chance(.4):
				return -1
			}
			return 0
		},
	}.check(t, sheet{"X1": 20, "X2": 10, "X3": 10, "X4": 4, "U1": .8, "U2": .3, "U3": .6, "U4": .2, "L1": 4, "L2": .428571, "L3": 1.5, "L4": .25, "W.0": 1.5446428571})
}

// TestClosedNetworks reproduces two closed networks. The first is from Lazowska et al., "Quantitative System
// Performance", ch. 6, with one visit to each device for its whole demand: the product form depends on demands
// only. The second is example 8.3 of Bolch et al., a central server.
func TestClosedNetworks(t *testing.T) {
	think := station(3, "exponential(15s)", -1)
	t.Run("Lazowska", func(t *testing.T) {
		design{
			stations: []StationConfig{think, station(1, "exponential(605ms)", -1), station(1, "exponential(2.1s)", -1), station(1, "exponential(1.35s)", -1)},
			closed:   3, horizon: 60_000 * time.Second,
			route: func(_ *lab, at int) int { return (at+1+4)%4 - btoi(at == 3) },
		}.check(t, sheet{"X2": .1515164923, "X3": .1515164923, "L2": .0975660, "L3": .3946566, "L4": .2350300, "W.0": 15 + 4.7998247816}, "L2", "L3", "L4")
	})
	t.Run("Bolch 8.3", func(t *testing.T) {
		design{
			stations: []StationConfig{station(1, "exponential(20ms)", -1), station(1, "exponential(200ms)", -1), station(1, "exponential(400ms)", -1), station(1, "exponential(600ms)", -1)},
			closed:   6, horizon: 20_000 * time.Second,
			route: func(l *lab, at int) int {
				if at != 0 {
					return 0
				}
				switch u := l.stream.Float64(); {
				case u < .4:
					return 1
				case u < .6:
					return 2
				case u < .7:
					return 3
				}
				return 0
			},
		}.check(t, sheet{"X1": 9.920, "X2": 3.968, "X3": 1.984, "X4": .992, "L1": .244, "L2": 2.261, "L3": 2.261, "L4": 1.234}, "L1", "L2", "L3", "L4")
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
