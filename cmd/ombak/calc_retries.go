package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

func retries() formula {
	return formula{
		name: "retries", summary: "how retries multiply a load, and when they keep an overload alive",
		source:  "Bronson et al., HotOS 2021, section 2",
		example: "--arrival-rate 100 --capacity 150 --failure 0.5 --retries 3",
		flags: []cli.Flag{
			arrivalRate(),
			rateFlag("capacity", "attempts that can be served"),
			numberFlag("failure", "share `P` of attempts that fail"),
			numberFlag("retries", "most retries of a request, `N`"),
		},
		figures: []figure{
			{"attempts", "/s", "attempts, retries included"},
			{"amplification", "", "attempts for each request"},
			{"critical_failure", "", "share of failures above which attempts exceed the capacity"},
			{"safe_rate", "/s", "highest rate of requests at which no share of failures makes attempts exceed the capacity"},
			{"overload", "", "true if attempts exceed the capacity"},
		},
		compute: computeRetries,
	}
}

func computeRetries(in *inputs) (answer, error) {
	storm, err := capacity.Retries(in.rate("arrival-rate"), in.rate("capacity"), in.number("failure"), in.whole("retries"))
	if err != nil {
		return answer{}, err
	}
	result := answer{values: map[string]any{
		"attempts": storm.Attempts, "amplification": storm.Amplification, "overload": storm.Overload, "critical_failure": storm.CriticalFailure, "safe_rate": storm.SafeRate,
	}}
	result.notes = append(result.notes, fmt.Sprintf("attempts exceed the capacity: %v", storm.Overload))
	return result, nil
}
