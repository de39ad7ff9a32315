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
	// funnel: How far people came
	// drop-off: Where people drop off
	// goodput: Who came to sign-up, what became of them, and who waits
	// throughput: How many people pass each step
	// response-time: Response time from the instant people meant to act
	// heat-map: Where the answers lie: response time over time
	// stations: How busy each part is, and what waits for it
	// spectrum: Response time by percentile, over the whole run
}

func ExampleFunnel() {
	figure, err := plots.Funnel(single())
	fmt.Println(figure.Name, len(figure.PNG) > 0, err)
	// Output: funnel true <nil>
}
