package baseline_test

import (
	"fmt"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/baseline"
)

func Example() {
	run := func(p95 float64) report.Report {
		return report.Report{
			Funnel: []report.FunnelRow{{Step: funnel.SignUp, Entered: 100, Passed: 100}},
			Steps:  []report.StepRow{{Step: funnel.SignUp, GoodputPerS: 10, ResponseTimePassedS: &report.Quantiles{P50: p95 / 2, P95: p95, P99: 2 * p95}}},
		}
	}
	var base, candidate []report.Report
	for i := range 8 {
		base = append(base, run(0.100+0.001*float64(i)))
		candidate = append(candidate, run(0.150+0.001*float64(i)))
	}
	compared, err := baseline.Compare(base, candidate, baseline.Comparing{Gates: []string{"response_time_passed.p95"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, figure := range compared.Figures {
		if figure.Gate {
			fmt.Printf("%s %+.0f %%: %s\n", figure.Figure, 100*(figure.Ratio-1), figure.Reason)
		}
	}
	fmt.Println(compared.Verdict)
	// Output: response_time_passed.p95 +48 %: it is worse, and the worsening may exceed the margin
	// fail
}
