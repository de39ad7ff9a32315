package plots_test

import (
	"fmt"

	"github.com/ombak-sim/ombak/plots"
)

func Example() {
	figures, err := plots.All(single())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, figure := range figures {
		fmt.Printf("%s: %s\n", figure.Name, figure.Title)
	}
	// Output:
	// funnel: People who entered and passed each step
	// drop-off: People who leave, by step and outcome
	// goodput: Arrivals and outcomes at sign-up, and the longest queues
	// throughput: People who pass each step
	// response-time: Response time, measured from the intended start
	// heat-map: Response time over time
	// stations: Utilization and queue of each station
	// spectrum: Response time by percentile, over the whole run
}
