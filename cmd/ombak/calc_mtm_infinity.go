package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
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
	busy, err := capacity.OfferedLoad(func(t float64) float64 { return rateAt(curve, t) }, rate, at)
	return answer{values: map[string]any{"l": busy}, notes: []string{"the number in use has a Poisson distribution with this mean"}}, err
}

// rateAt returns the rate of a curve at a time in seconds. It is 0 after the end.
func rateAt(curve workload.Curve, t float64) float64 {
	for _, s := range curve {
		if span := s.For.Seconds(); t < span {
			return s.From.PerSecond() + (s.To.PerSecond()-s.From.PerSecond())*t/span
		}
		t -= s.For.Seconds()
	}
	return 0
}
