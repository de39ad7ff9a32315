package main

import (
	"slices"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestEveryFlagHasATwinInTheEnvironment(t *testing.T) {
	var look func(path string, commands []*cli.Command)
	look = func(path string, commands []*cli.Command) {
		for _, command := range commands {
			for _, flag := range command.Flags {
				twins, ok := flag.(cli.DocGenerationFlag)
				if !ok || len(twins.GetEnvVars()) == 0 {
					t.Errorf("%s %s --%s has no environment variable", path, command.Name, flag.Names()[0])
				}
			}
			look(path+" "+command.Name, command.Subcommands)
		}
	}
	app := newApp(streams{})
	look("ombak", slices.DeleteFunc(app.Commands, func(c *cli.Command) bool { return c.Hidden }))
}
