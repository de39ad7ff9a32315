package live_test

import (
	"fmt"
	"strings"

	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/report"
)

// A conductor posts what happens; viewers enter by the links.
func Example() {
	board := live.NewBoard(live.Run{Scenario: "smoke"})
	server, err := live.Serve(live.Config{Board: board})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	board.Post(report.Second{Row: 1, Scheduled: 50})
	board.End(live.Ending{Verdict: report.Pass, Sentence: "All held."})
	fmt.Println(strings.HasPrefix(server.URL(), "http://127.0.0.1:"), server.URL() != server.LookURL(), board.Ended())
	// Output: true true true
}
