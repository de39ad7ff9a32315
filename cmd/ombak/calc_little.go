package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

func little() formula {
	return formula{
		name: "little", summary: "the third of number, rate and time from the other two",
		source:  "Little, Operations Research 9(3), 1961: L = λW",
		example: "--arrival-rate 4 --time 250ms",
		flags: []cli.Flag{
			arrivalRate(),
			numberFlag("number", "mean `L` in the system", "l"),
			&cli.StringFlag{Name: "time", Aliases: []string{"w"}, Usage: "mean time in the system: `SECONDS`, or a duration", EnvVars: envVar("time")},
		},
		figures: figuresOf("l", "w", "throughput"),
		compute: computeLittle,
	}
}

func computeLittle(in *inputs) (answer, error) {
	given := strings.Fields(strings.Join([]string{in.ifSet("arrival-rate"), in.ifSet("number"), in.ifSet("time")}, " "))
	if len(given) != 2 {
		return answer{}, fmt.Errorf("give exactly two of --arrival-rate, --number and --time, not %d; the third is computed", len(given))
	}
	var number, rate, span float64
	var err error
	switch {
	case !in.c.IsSet("number"):
		rate, span = in.rate("arrival-rate"), in.seconds("time")
		number, err = capacity.NumberInSystem(rate, span)
	case !in.c.IsSet("time"):
		rate, number = in.rate("arrival-rate"), in.number("number")
		span, err = capacity.TimeInSystem(number, rate)
	default:
		number, span = in.number("number"), in.seconds("time")
		rate, err = capacity.RateThroughSystem(number, span)
	}
	return answer{values: map[string]any{"l": number, "throughput": rate, "w": span}}, err
}
