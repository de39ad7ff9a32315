package report_test

import (
	"bytes"
	"fmt"

	"github.com/ombak-sim/ombak/report"
)

func Example() {
	result, err := report.Read(bytes.NewBufferString(`{"schema": "ombak.report/v1", "duration_s": 100,
		"offered": {"scheduled": 10, "sent": 9, "dropped": 0},
		"stations": [{"name": "web", "servers": 2, "busy_s": 168}, {"name": "store", "servers": 1, "busy_s": 31}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Check(result))
	fmt.Println(result.Bottleneck())
	// Output:
	// [of 10 people scheduled, 9 were sent and 0 dropped: 1 are unaccounted for]
	// web, 84 % busy over the whole run
}
