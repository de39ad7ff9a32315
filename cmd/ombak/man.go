package main

import (
	"io"

	"github.com/urfave/cli/v2"
)

// manCommand prints the manual page, made from the commands. Packages install it.
func manCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "man",
		Usage: "print the manual page, as in: ombak man | man -l -",
		Action: func(c *cli.Context) error {
			return noArguments(func() error {
				page, err := c.App.ToManWithSection(1)
				if err == nil {
					_, err = io.WriteString(s.out, page)
				}
				return err
			})(c)
		},
	}
}
