package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

func fewestServers() formula {
	return formula{
		name: "servers", summary: "fewest servers that meet a probability of waiting",
		source:  "Erlang C, Erlang 1917; square-root rule: Halfin, Whitt, Operations Research 29(3), 1981",
		example: "--offered-load 100 --max-wait-probability 0.2",
		flags: []cli.Flag{
			offeredLoad(),
			numberFlag("max-wait-probability", "largest share `P` of people who may have to wait"),
		},
		figures: append([]figure{{"servers", "", "servers needed"}}, figuresOf("utilization", "l", "lq", "p0", "p_wait")...),
		compute: computeServers,
	}
}

func computeServers(in *inputs) (answer, error) {
	load, target := in.load(), in.number("max-wait-probability")
	if in.fault != nil {
		return answer{}, in.fault
	}
	count, err := capacity.Servers(load, target)
	if err != nil {
		return answer{}, err
	}
	rule, err := capacity.SquareRootServers(load, target)
	if err != nil {
		return answer{}, err
	}
	station, err := capacity.MMc(load, 1, count)
	result := answerOf(station, "utilization", "l", "lq", "p_wait", "p0")
	result.values["servers"] = count
	result.notes = append(result.notes, fmt.Sprintf("the square-root rule gives %.4g servers", rule))
	return result, err
}
