package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/calibration"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/workload"
)

func validateCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "validate",
		Usage:     "compare the simulator's prediction with live reports, and with what was published",
		ArgsUsage: "SCENARIO REPORT…",
		Flags: append(append(loadFlags("the run"), placeFlags()...),
			modelFlag(),
			&cli.IntFlag{Name: "replications", Value: 1, Usage: "simulate `N` times, and average", EnvVars: envVar("replications")},
			&cli.BoolFlag{Name: "shared", Usage: "compare the model's CPU with that of service, mocks and generator together", EnvVars: envVar("shared")},
			&cli.BoolFlag{Name: "json", Usage: "print the figures as JSON", EnvVars: envVar("json")},
		),
		Action: func(c *cli.Context) error { return validate(c, s) },
	}
}

// loadFlags returns the flags that describe the load of a run. Reports hold it, except those of older versions.
func loadFlags(which string) []cli.Flag {
	return []cli.Flag{
		&cli.Float64Flag{Name: "scale", Usage: "the factor `F` on the number of people in " + which + ", instead of what the report says", EnvVars: envVar("scale")},
		&cli.Float64Flag{Name: "scale-system", Usage: "the factor `F` on servers, rates and quotas in " + which, EnvVars: envVar("scale-system")},
		&cli.StringFlag{Name: "window", Usage: "the part `FROM..TO` that was played in " + which, EnvVars: envVar("window")},
		&cli.StringFlag{Name: "rate", Usage: "the `RATE` offered in " + which + ", instead of what the report says", EnvVars: envVar("rate")},
		&cli.DurationFlag{Name: "for", Usage: "the `TIME` for which that rate was offered", EnvVars: envVar("for")},
	}
}

// validate compares predictions with measurements. Wrong predictions are a finding, not a failure.
func validate(c *cli.Context, s streams) error {
	if c.NArg() < 2 {
		return usageError{errors.New("name a scenario and the report of a live run of it, or of several runs " +
			"at the same load")}
	}
	if err := simulation.CheckReplications(c.Int("replications")); err != nil {
		return err
	}
	options, err := readLoad(c)
	if err != nil {
		return err
	}
	scenario, err := readModelled(c.Args().First(), c.String("model"))
	if err != nil {
		return err
	}
	var measured []report.Report
	for _, name := range c.Args().Slice()[1:] {
		one, err := readLevel(name)
		if err != nil {
			return err
		}
		measured = append(measured, one)
	}
	place, err := openPlace(c, s)
	if err != nil {
		return err
	}
	defer place.close()
	how := calibration.Validating{Settings: place.settings(), Shared: c.Bool("shared")}
	how.Replications = c.Int("replications")
	found, err := calibration.Validate(c.Context, scenario, measured, options, how)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return calibration.WriteValidation(s.out, found)
	}
	fmt.Fprintf(s.out, "%s · %s, %s: %s, %d of them wrong\n\n%s\n", found.Scenario, orNone(found.Plan), countedRuns(found.Runs), countedFigures(len(found.Figures)), len(found.Wrong), columns(found.Rows()))
	for _, warning := range found.Warnings {
		fmt.Fprintf(s.out, "warning: %s\n", warning)
	}
	for _, wrong := range found.Findings() {
		fmt.Fprintf(s.out, "wrong: %s\n", wrong)
	}
	return nil
}

func countedFigures(n int) string {
	if n == 1 {
		return "1 figure"
	}
	return fmt.Sprintf("%d figures", n)
}

func countedRuns(n int) string {
	switch n {
	case 0:
		return "a simulation beside published figures"
	case 1:
		return "one run"
	}
	return fmt.Sprintf("%d runs", n)
}

// readLoad reads the flags of loadFlags.
func readLoad(c *cli.Context) (setup.Options, error) {
	options := setup.Options{Scale: c.Float64("scale"), ScaleSystem: c.Float64("scale-system"), For: c.Duration("for")}
	if c.IsSet("rate") != c.IsSet("for") {
		return options, usageError{errors.New("--rate and --for belong together; give both, as the level had " +
			"them")}
	}
	var err error
	if c.IsSet("rate") {
		if options.Rate, err = workload.ParseRate(c.String("rate")); err != nil || options.Rate == 0 || options.For <= 0 {
			return options, usageError{fmt.Errorf("--rate %q for %v is not a load; write for example --rate "+
				"100/s --for 20s", c.String("rate"), options.For)}
		}
	}
	options.From, options.To, err = readWindow(c.String("window"))
	return options, err
}

func modelFlag() cli.Flag {
	return &cli.StringFlag{Name: "model", Usage: "simulate with the parameters in `MODEL`, which ombak calibrate writes", EnvVars: envVar("model")}
}

// readModelled loads a scenario with the parameters of a model, if one is named.
func readModelled(name, model string) (*scenarios.Scenario, error) {
	if model == "" {
		return loadScenario(name)
	}
	text, err := os.ReadFile(model)
	if err != nil {
		return nil, usageError{fmt.Errorf("cannot read the model: %w", err)}
	}
	return loaded(scenarios.LoadModelled(name, model, text))
}
