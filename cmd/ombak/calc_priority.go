package main

import (
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

func priority() formula {
	return formula{
		name: "priority", summary: "one server and classes of requests, the most important first",
		source:  "Cobham, Operations Research 2(1), 1954; pre-emptive: White, Christie, Operations Research 6(1), 1958",
		example: "--class urgent=0.3,1,1 --class others=0.5,1,1 --preemptive",
		flags: []cli.Flag{
			listFlag("class", "`NAME=RATE,MEAN,C2`: arrivals, mean service time and its squared coefficient of variation; repeat for each class, the most important first"),
			switchFlag("preemptive", "interrupt a request for a more important one, and resume it later"),
		},
		figures: figuresOf("utilization", "l", "lq", "w", "wq"),
		compute: computePriority,
	}
}

func computePriority(in *inputs) (answer, error) {
	var names []string
	var classes []capacity.Class
	in.named("class", "NAME=RATE,MEAN,C2, as in urgent=0.3,1,1", func(name, value string) error {
		parts := strings.Split(value, ",")
		if len(parts) != 3 {
			return errNoNumber
		}
		rate, first := parsePerSecond(parts[0])
		mean, second := parseSeconds(parts[1])
		scv, third := parseNumber(parts[2])
		if errors.Join(first, second, third) != nil {
			return errNoNumber
		}
		names, classes = append(names, name), append(classes, capacity.Class{ArrivalRate: rate, ServiceMean: mean, SCV: scv})
		return nil
	})
	if in.fault == nil && len(classes) == 0 {
		in.fail(errors.New("--class is missing; give one NAME=RATE,MEAN,C2 for each class, the most important first"))
	}
	if in.fault != nil {
		return answer{}, in.fault
	}
	solve, note := capacity.NonPreemptive, "non-pre-emptive: a request in service is finished first"
	if in.c.Bool("preemptive") {
		solve, note = capacity.PreemptiveResume, "pre-emptive: wq is the time in the system without the service itself, so it includes interruptions"
	}
	stations, err := solve(classes)
	if err != nil {
		return answer{}, err
	}
	var utilization float64
	for _, class := range classes {
		utilization += class.ArrivalRate * class.ServiceMean
	}
	result := eachOf(names, stations)
	result.values["utilization"] = utilization
	result.notes = append(result.notes, note)
	return result, nil
}
