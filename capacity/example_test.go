package capacity_test

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

// A registry has 40 servers that need 250 ms per check. How long do people wait at 150 checks per second, and
// how many servers keep nine of ten from waiting?
func ExampleMMc() {
	station, err := capacity.MMc(150, 4, 40)
	if err != nil {
		fmt.Println(err)
		return
	}
	servers, err := capacity.Servers(150/4.0, .1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f %% wait, %.0f ms on average; %d servers are needed\n", 100*station.PWait, 1000*station.Wq, servers)
	_, err = capacity.MMc(170, 4, 40)
	fmt.Println(err)
	// Output:
	// 59 % wait, 59 ms on average; 47 servers are needed
	// the utilization is 1.0625, so the queue grows without end; it must be below 1: give at least 43 servers, faster ones, or fewer arrivals
}

// The opening of registration: 80,000 arrivals per minute for a quarter of an hour, then 20,000, at a service
// that handles 60,000 per minute.
func ExampleFluid() {
	perMinute := func(n float64) workload.Rate { return workload.Rate(n / 60) }
	overloads, err := capacity.Fluid(
		[]workload.Segment{
			{For: 15 * time.Minute, From: perMinute(80_000), To: perMinute(80_000)},
			{For: time.Hour, From: perMinute(20_000), To: perMinute(20_000)},
		},
		[]workload.Segment{{For: time.Hour, From: perMinute(60_000), To: perMinute(60_000)}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range overloads {
		fmt.Printf("%.0f wait at most, up to %.0f min; clear after %.1f min\n", o.Backlog, o.LongestWait/60, o.Clear/60)
	}
	// Output:
	// 300000 wait at most, up to 5 min; clear after 22.5 min
}

// Where does throughput end, if these points were measured in a closed loop?
func ExampleFitUSL() {
	fit, err := capacity.FitUSL([]capacity.Point{
		{Concurrency: 1, Throughput: 20},
		{Concurrency: 4, Throughput: 78},
		{Concurrency: 8, Throughput: 130},
		{Concurrency: 12, Throughput: 170},
		{Concurrency: 16, Throughput: 190},
		{Concurrency: 20, Throughput: 200},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	peak, _ := fit.PeakConcurrency()
	height, _ := fit.PeakThroughput()
	fmt.Printf("σ %.4f, κ %.6f; at most %.0f/s, at a concurrency of %.0f\n", fit.Sigma, fit.Kappa, height, peak)
	// Output:
	// σ 0.0244, κ 0.001627; at most 203/s, at a concurrency of 24
}

// Three people, 15 s of thought, three centers (Lazowska et al., "Quantitative System Performance",
// chapter 6).
func ExampleClosedNetwork_Exact() {
	solution, err := capacity.ClosedNetwork{Population: 3, Think: 15, Centers: []capacity.Center{
		{Name: "cpu", Demand: .605}, {Name: "disk1", Demand: 2.1}, {Name: "disk2", Demand: 1.35},
	}}.Exact()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f/s, %.2f s\n", solution.Throughput, solution.ResponseTime)
	// Output:
	// 0.1515/s, 4.80 s
}
