package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

func validateCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "validate",
		Usage:     "simulate what a live report measured, and show both beside each other",
		ArgsUsage: "SCENARIO REPORT",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "model", Usage: "simulate with the parameters in `MODEL`, as ombak calibrate wrote it", EnvVars: twin("model")},
			&cli.IntFlag{Name: "replications", Value: 1, Usage: "simulate `N` times, and average", EnvVars: twin("replications")},
			&cli.Float64Flag{Name: "scale", Usage: "the share `F` of the people who came in the run", EnvVars: twin("scale")},
			&cli.Float64Flag{Name: "scale-system", Usage: "the factor `F` on servers, rates and quotas in the run", EnvVars: twin("scale-system")},
			&cli.StringFlag{Name: "window", Usage: "the part `FROM..TO` that was run", EnvVars: twin("window")},
			&cli.StringFlag{Name: "rate", Usage: "the `RATE` of sign-ups of a redline's level", EnvVars: twin("rate")},
			&cli.DurationFlag{Name: "for", Usage: "the `TIME` that it was offered for", EnvVars: twin("for")},
			&cli.BoolFlag{Name: "json", Usage: "print the figures as JSON on standard output", EnvVars: twin("json")},
		},
		Action: func(c *cli.Context) error { return validate(c, s) },
	}
}

// validate compares; being wrong is its finding, not a failure.
func validate(c *cli.Context, s streams) error {
	if c.NArg() != 2 {
		return usageError{errors.New("name a scenario and the report of a live run of it")}
	}
	scenario, options, err := readValidated(c)
	if err != nil {
		return err
	}
	measured, err := readLevel(c.Args().Get(1))
	if err != nil {
		return err
	}
	found, err := drill.Validate(c.Context, scenario, measured, options, drill.Simulating{Replications: c.Int("replications"), Build: build()})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return drill.WriteValidation(s.out, found)
	}
	fmt.Fprintf(s.out, "%s · %s: %d figures, %d of them wrong\n\n%s\n", found.Scenario, orNone(found.Plan), len(found.Figures), len(found.Wrong), columns(found.Rows()))
	for _, warning := range found.Warnings {
		fmt.Fprintf(s.out, "warning: %s\n", warning)
	}
	for _, wrong := range found.Wrong {
		fmt.Fprintf(s.out, "wrong: %s\n", wrong)
	}
	return nil
}

func readValidated(c *cli.Context) (*scenarios.Scenario, drill.Options, error) {
	options := drill.Options{Scale: c.Float64("scale"), ScaleSystem: c.Float64("scale-system"), For: c.Duration("for")}
	if c.Int("replications") < 1 {
		return nil, options, usageError{fmt.Errorf("--replications is %d; it must be 1 or more", c.Int("replications"))}
	}
	if c.IsSet("rate") != c.IsSet("for") {
		return nil, options, usageError{errors.New("--rate and --for belong together; give both, as the level had them")}
	}
	var err error
	if c.IsSet("rate") {
		if options.Rate, err = workload.ParseRate(c.String("rate")); err != nil || options.Rate == 0 || options.For <= 0 {
			return nil, options, usageError{fmt.Errorf("--rate %q for %v is no load; write for example --rate 100/s --for 20s", c.String("rate"), options.For)}
		}
	}
	if options.From, options.To, err = readWindow(c.String("window")); err != nil {
		return nil, options, err
	}
	scenario, err := loadScenario(c.Args().First())
	if err != nil || c.String("model") == "" {
		return scenario, options, err
	}
	text, err := os.ReadFile(c.String("model"))
	if err != nil {
		return nil, options, usageError{fmt.Errorf("the model cannot be read: %w", err)}
	}
	scenario, err = scenario.WithModel(c.String("model"), text)
	return scenario, options, err
}
