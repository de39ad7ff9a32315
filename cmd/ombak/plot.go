package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
)

func plotCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "plot",
		Usage:     "draw the figures of reports",
		ArgsUsage: "REPORT…",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "write the figures to `DIR`; the default is a folder plots beside each report", EnvVars: envVar("out")},
			&cli.StringFlag{Name: "over", Usage: "draw a prediction, the `REPORT` of ombak simulate, over each report", EnvVars: envVar("over")},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return usageError{errors.New("name at least one report.json")}
			}
			if c.NArg() > 1 && c.String("out") != "" {
				return usageError{errors.New("--out takes one report; without it each report gets a folder plots beside it")}
			}
			for _, name := range c.Args().Slice() {
				folder := c.String("out")
				if folder == "" {
					folder = filepath.Join(filepath.Dir(name), "plots")
				}
				if err := drawFile(name, c.String("over"), folder); err != nil {
					return err
				}
				fmt.Fprintln(s.out, folder)
			}
			return nil
		},
	}
}

// drawFile draws the report in a file and, if over names one, the prediction over it.
func drawFile(name, over, folder string) error {
	r, err := readReport(name)
	if err != nil {
		return err
	}
	if err := draw(folder, r); err != nil || over == "" {
		return err
	}
	predicted, err := readReport(over)
	if err != nil {
		return err
	}
	overlay, err := plots.Overlay(r, predicted)
	if err != nil {
		return err
	}
	return writeFigures(folder, []plots.Figure{overlay})
}

// draw draws a report and writes every figure.
func draw(folder string, r report.Report) error {
	figures, err := plots.All(r)
	if err != nil {
		return err
	}
	return writeFigures(folder, figures)
}

// writeFigures writes every figure as SVG and PNG.
func writeFigures(folder string, figures []plots.Figure) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, figure := range figures {
		err := errors.Join(
			os.WriteFile(filepath.Join(folder, figure.Name+".svg"), figure.SVG, 0o644),
			os.WriteFile(filepath.Join(folder, figure.Name+".png"), figure.PNG, 0o644),
		)
		if err != nil {
			return err
		}
	}
	return nil
}
