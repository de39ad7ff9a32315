package main

import (
	"fmt"
	"io"
	"net/url"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/workload"
)

// setFlags sets the flags that the scenario's play gives and the command line does not.
func setFlags(c *cli.Context, scenario *scenarios.Scenario) error {
	given := map[string]bool{}
	for _, flag := range scenario.Play.Flags() {
		if _, seen := given[flag.Name]; !seen {
			given[flag.Name] = c.IsSet(flag.Name)
		}
		if given[flag.Name] || !hasFlag(c, flag.Name) {
			continue
		}
		if err := c.Set(flag.Name, flag.Value); err != nil {
			return usageError{fmt.Errorf("play of scenario %s: --%s %s: %w", scenario.Name, flag.Name, flag.Value, err)}
		}
	}
	return nil
}

func hasFlag(c *cli.Context, name string) bool {
	return slices.ContainsFunc(c.Command.Flags, func(flag cli.Flag) bool { return slices.Contains(flag.Names(), name) })
}

// playOf returns the flags in effect that decide what is played.
func playOf(c *cli.Context, run *setup.Planned) scenarios.Play {
	play := scenarios.Play{Plan: run.Scenario.Plan(), Scale: c.Float64("scale"), ScaleSystem: c.Float64("scale-system"), Window: c.String("window"), Thresholds: c.StringSlice("threshold")}
	if c.IsSet("seed") {
		seed := run.Scenario.Seed
		play.Seed = &seed
	}
	if play.Scale == 1 {
		play.Scale = 0
	}
	if play.ScaleSystem == 1 {
		play.ScaleSystem = 0
	}
	if hasFlag(c, "speed") && c.IsSet("speed") {
		play.Speed = c.Float64("speed")
	}
	for flag, rate := range map[string]*workload.Rate{"max-rate": &play.MaxRate, "max-work": &play.MaxWork} {
		if hasFlag(c, flag) && c.IsSet(flag) {
			*rate, _ = workload.ParseRate(c.String(flag)) // it has been read before
		}
	}
	play.GateURL, play.MocksURL = operatorsURL(c, "gate"), operatorsURL(c, "mocks")
	return play
}

// operatorsURL returns the URL of --NAME-url without a login, which is a secret.
func operatorsURL(c *cli.Context, name string) string {
	if !hasFlag(c, name+"-url") || c.String(name+"-url") == "" {
		return ""
	}
	address, err := url.Parse(c.String(name + "-url"))
	if err != nil {
		return "" // it has been read before
	}
	address.User, address.RawQuery, address.Fragment = nil, "", ""
	return address.String()
}

// writeText writes a file as a whole.
func writeText(name string, text []byte) error {
	return writeFile(name, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
