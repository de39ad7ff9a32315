package main

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/scenarios"
)

func serveCommand(s streams) *cli.Command {
	flags := func(more ...cli.Flag) []cli.Flag {
		return append([]cli.Flag{
			settingsFlag(),
			&cli.StringFlag{Name: "scenario", Usage: "take settings from `SCENARIO`", Value: defaultScenario, EnvVars: twin("scenario")},
			&cli.StringFlag{Name: "plan", Usage: "apply the plan `NAME` of the scenario", EnvVars: twin("plan")},
			&cli.StringSliceFlag{Name: "listen", Usage: "answer at `NAME=HOST:PORT`; by default each at a free port", EnvVars: twin("listen")},
		}, more...)
	}
	return &cli.Command{
		Name:  "serve",
		Usage: "run one part alone, also beside a service of your own",
		Subcommands: []*cli.Command{
			{
				Name: "backend", Usage: "run the reference backend",
				Flags: flags(
					&cli.StringFlag{Name: "store", Usage: "keep the people in `sqlite:PATH`, postgres://…, or postgres for one that is started and removed again", Value: "sqlite:ombak.db", EnvVars: twin("store")},
					&cli.StringSliceFlag{Name: "address", Usage: "where a dependency is, as `NAME=HOST:PORT`", EnvVars: twin("address")},
				),
				Action: func(c *cli.Context) error { return serveBackend(c, s) },
			},
			{
				Name: "mocks", Usage: "run the stand-ins of the registries and of mail",
				Flags: flags(
					&cli.StringSliceFlag{Name: "record", Usage: "pass what a generic mock is asked on to a real service and record it, as `NAME=URL`", EnvVars: twin("record")},
				),
				Action: func(c *cli.Context) error { return serveMocks(c, s) },
			},
		},
	}
}

func serveBackend(c *cli.Context, s streams) error {
	run, alone, err := readAlone(c, s, drill.NewRun)
	if err != nil {
		return err
	}
	alone.Log = slog.New(slog.NewJSONHandler(s.err, nil))
	if alone.Database, err = databasePath(c.String("store")); err != nil {
		return err
	}
	if alone.Addresses, err = pairs(c.StringSlice("address"), "address", false); err != nil {
		return err
	}
	return drill.ServeBackend(c.Context, run, alone)
}

func serveMocks(c *cli.Context, s streams) error {
	run, alone, err := readAlone(c, s, drill.NewMocks)
	if err != nil {
		return err
	}
	if alone.Record, err = pairs(c.StringSlice("record"), "record", false); err != nil {
		return err
	}
	alone.Token = drill.NewToken()
	ready := alone.Ready
	alone.Ready = func(now drill.Ready) {
		ready(now)
		fmt.Fprintf(s.err, "faults: ombak fault list --url http://%s --token %s\n", now.Addresses["admin"], alone.Token)
	}
	return drill.ServeMocks(c.Context, run, alone)
}

func readAlone(c *cli.Context, s streams, newRun func(*scenarios.Scenario, drill.Options) (*drill.Run, error)) (*drill.Run, drill.Alone, error) {
	alone := drill.Alone{Log: slog.New(slog.NewTextHandler(s.err, nil))}
	if err := readSettings(c); err != nil {
		return nil, alone, err
	}
	if c.NArg() > 0 {
		return nil, alone, usageError{fmt.Errorf("%q is too much; settings are given by flags", c.Args().First())}
	}
	scenario, err := loadScenario(c.String("scenario"))
	if err != nil {
		return nil, alone, err
	}
	if alone.Listen, err = pairs(c.StringSlice("listen"), "listen", false); err != nil {
		return nil, alone, err
	}
	run, err := newRun(scenario, drill.Options{Plan: c.String("plan")})
	alone.Ready = func(ready drill.Ready) {
		for _, name := range slices.Sorted(maps.Keys(ready.Addresses)) {
			fmt.Fprintf(s.out, "%s %s\n", name, ready.Addresses[name])
		}
		fmt.Fprintln(s.err, "ready; Ctrl-C stops")
	}
	return run, alone, err
}
