package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/units"
)

func doctorCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "check whether this machine can offer a scenario's load",
		ArgsUsage: "[SCENARIO]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "check the disk of this `DIR`", Value: ".", EnvVars: envVar("out")},
			&cli.Float64Flag{Name: "scale", DefaultText: "1", Usage: "scale the number of people by `F`", EnvVars: envVar("scale")},
			&cli.BoolFlag{Name: "json", Usage: "print the findings as JSON", EnvVars: envVar("json")},
		},
		Action: func(c *cli.Context) error { return doctor(c, s) },
	}
}

func doctor(c *cli.Context, s streams) error {
	name := c.Args().First()
	if name == "" {
		name = defaultScenario
	}
	if c.NArg() > 1 {
		return usageError{errors.New("name one scenario")}
	}
	scenario, err := loadScenario(name)
	if err != nil {
		return err
	}
	options, newRun := setup.Options{Scale: c.Float64("scale")}, setup.NewLive
	if setup.RunsElsewhere(scenario, options) {
		newRun = setup.NewLoad
	}
	run, err := newRun(scenario, options)
	if err != nil {
		return err
	}
	findings, err := host.Examine(c.Context, run, c.String("out"))
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(s.out).Encode(findings)
	}
	return printFindings(s, name, findings)
}

// printFindings prints the findings. It returns exit code 1 if the machine is not enough.
func printFindings(s streams, scenario string, findings []host.Finding) error {
	var rows [][]string
	bad := 0
	for _, finding := range findings {
		mark := "ok"
		if !finding.Good {
			mark = "not enough"
			bad++
		}
		rows = append(rows, []string{mark, finding.Name, finding.Value})
		if finding.Advice != "" {
			rows = append(rows, []string{"", "", finding.Advice})
		}
	}
	if _, err := io.WriteString(s.out, units.Table("", rows)); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks fail for %s on this machine; see the findings above", bad, len(findings), scenario)
	}
	_, err := fmt.Fprintf(s.out, "this machine can offer the load of %s\n", scenario)
	return err
}
