package main

import (
	"net/http"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/setup"
)

// mocksFlags returns the flags that name mocks which others started.
func mocksFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "mocks-url", Usage: "start faults and change dependencies at the mocks whose control is at `URL`, which ombak serve mocks prints: as the plan's schedule and interventions say, and from the page", EnvVars: envVar("mocks-url")},
		&cli.StringFlag{Name: "mocks-token", Usage: "the `TOKEN` for --mocks-url", EnvVars: envVar("mocks-token")},
	}
}

// readMocks reads whether mocks that others started stand for the dependencies.
func readMocks(c *cli.Context, options *setup.Options) (err error) {
	options.Mocked, err = readOperators(c, "mocks")
	return err
}

// findMocks returns the control of the mocks that the flags name, which must answer.
func findMocks(c *cli.Context, run *setup.Live) (drill.Control, error) {
	if !run.Options.Mocked {
		return drill.Control{}, nil
	}
	control := drill.Control{URL: c.String("mocks-url"), Token: c.String("mocks-token")}
	var list mocks.FaultList
	err := control.Ask(c.Context, http.DefaultClient, askPatience, http.MethodGet, "/v1/faults", nil, &list)
	return control, unanswered(err, "the mocks do not answer: %w; check --mocks-url, which ombak serve mocks prints")
}
