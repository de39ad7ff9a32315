package main

import (
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
)

// partCommand returns the command that drill starts. People never type it.
func partCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:   "part",
		Hidden: true,
		Usage:  "run one part of a drill, as ordered on standard input",
		Action: func(c *cli.Context) error {
			log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelError}))
			err := drill.ServePart(c.Context, s.in, s.out, log)
			if err != nil {
				return verdictError{} // the conductor has the error and prints it
			}
			return nil
		},
	}
}
