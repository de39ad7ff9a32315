package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

func mtmInfinity() formula {
	return formula{
		name: "mtm-infinity", summary: "number of busy servers with unlimited servers",
		source:  "Eick, Massey, Whitt, Operations Research 41(4), 1993, theorem 1",
		example: "--arrivals 15m,0,80000/m --service-rate 0.5 --at 10m",
		flags: []cli.Flag{
			listFlag("arrivals", "`FOR,FROM,TO`: a piece of the arrival rate, as in 15m,0,80000/m; repeat for each piece, in order"),
			serviceRate(),
			timeFlag("at", "when, since the first piece began"),
		},
		figures: figuresOf("l"),
		compute: computeInfinite,
	}
}

func computeInfinite(in *inputs) (answer, error) {
	curve, rate, at := in.curve("arrivals"), in.rate("service-rate"), in.seconds("at")
	if in.fault != nil {
		return answer{}, in.fault
	}
	busy, err := capacity.OfferedLoadOfPieces(curve, rate, at)
	return answer{values: map[string]any{"l": busy}, notes: []string{"the number in use has a Poisson distribution with this mean"}}, err
}
