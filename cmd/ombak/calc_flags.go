package main

import "github.com/urfave/cli/v2"

func rateFlag(name, of string) cli.Flag {
	return &cli.StringFlag{Name: name, Usage: of + ": `RATE` per second, or with its unit as in 80000/m", EnvVars: envVar(name)}
}

func timeFlag(name, of string) cli.Flag {
	return &cli.StringFlag{Name: name, Usage: of + ": `SECONDS`, or a duration as in 250ms", EnvVars: envVar(name)}
}

func numberFlag(name, of string, aliases ...string) cli.Flag {
	return &cli.StringFlag{Name: name, Aliases: aliases, Usage: of, EnvVars: envVar(name)}
}

func listFlag(name, usage string) cli.Flag {
	return &cli.StringSliceFlag{Name: name, Usage: usage, EnvVars: envVar(name)}
}

func switchFlag(name, usage string) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: usage, EnvVars: envVar(name)}
}

func arrivalRate() cli.Flag { return rateFlag("arrival-rate", "arrivals") }
func serviceRate() cli.Flag { return rateFlag("service-rate", "completions of one busy server") }
func servers() cli.Flag     { return numberFlag("servers", "parallel servers, `N`") }
func offeredLoad() cli.Flag {
	return numberFlag("offered-load", "arrival rate times mean service time, in `ERLANG`")
}

// anyService returns the flags of a station whose service times are given by their mean and their variation.
func anyService() []cli.Flag {
	return []cli.Flag{
		arrivalRate(), timeFlag("service-mean", "mean service time"),
		numberFlag("scv", "variance of the service time over its squared mean, `C2`: 0 constant, 1 exponential"),
	}
}
