package workload_test

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

func ExampleArrivals() {
	arrivals := workload.Arrivals{
		Seed: workload.Seed{Value: 1},
		Bins: workload.NewBins([]workload.Segment{{For: 4 * time.Second, From: 0, To: 4}}, time.Second),
		Mode: workload.Even,
	}
	for arrival := range arrivals.All() {
		fmt.Println(arrival.Ordinal, arrival.At)
	}
	// Output:
	// 0 500ms
	// 1 1.5s
	// 2 2.166666666s
	// 3 2.5s
	// 4 2.833333333s
	// 5 3.166666666s
	// 6 3.5s
	// 7 3.833333333s
}

func ExampleParseDistribution() {
	d, err := workload.ParseDistribution("lognormal(median=20ms, p95=60ms)")
	fmt.Println(d.Quantile(0.5), d.Quantile(0.95), err)
	_, err = workload.ParseDistribution("uniform(3s, 1s)")
	fmt.Println(err)
	// Output:
	// 20ms 60ms <nil>
	// distribution "uniform(3s, 1s)": the second duration must not be below the first
}
