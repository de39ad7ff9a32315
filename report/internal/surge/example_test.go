package surge_test

import (
	"fmt"

	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
)

func Example() {
	for _, row := range recorder.Assemble(surge.Recorded()).Funnel {
		fmt.Println(row.Step, row.Entered, row.Passed, row.Rejected)
	}
	// Output:
	// sign-up 200 200 0
	// email-verify 200 200 0
	// identity 200 20 180
}
