package threshold_test

import (
	"fmt"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
)

func Example() {
	conditions, err := threshold.ParseAll([]funnel.Threshold{
		{Source: "sign-up.passed >= 99.9% of scheduled"},
		{Source: "sign-up.rejected < 10", Severity: funnel.Warn},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	result := threshold.Judge(report.Report{
		Offered: report.Offered{Scheduled: 1000, Sent: 1000, ByStep: map[string]report.Scheduling{funnel.SignUp: {Scheduled: 1000}}},
		Funnel:  []report.FunnelRow{{Step: funnel.SignUp, Entered: 1000, Passed: 972, Rejected: 28}},
		Steps:   []report.StepRow{{Step: funnel.SignUp, Requests: 1000}},
	}, conditions, threshold.Validity{})
	for _, judged := range result.Thresholds {
		fmt.Println(judged.Severity, judged.Source, judged.Verdict, judged.Reason)
	}
	fmt.Println(result.Verdict)
	// Output:
	// fail sign-up.passed >= 99.9% of scheduled fail it is 97.2% of scheduled
	// warn sign-up.rejected < 10 fail it is 28
	// fail
}

func ExampleParse() {
	_, err := threshold.Parse("sign-up.pased >= 99.9% of scheduled")
	fmt.Println(err)
	// Output: threshold "sign-up.pased >= 99.9% of scheduled", column 9: "pased" is not a figure of a step; did you mean "passed"?
}
