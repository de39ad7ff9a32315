package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/report/threshold"
)

func mergeCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "merge",
		Usage:     "merge the reports of one run by several generators (load --part K/N)",
		ArgsUsage: "REPORT…",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the merged report to `REPORT`", EnvVars: envVar("output")},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() < 2 {
				return usageError{errors.New("name the reports of at least two parts")}
			}
			if c.String("output") == "" {
				return usageError{errors.New("name the file of the merged report with -o, as in -o report.json")}
			}
			var parts []report.Report
			for _, name := range c.Args().Slice() {
				r, err := readReport(name)
				if err != nil {
					return err
				}
				parts = append(parts, r)
			}
			merged, err := recorder.Merge(parts)
			if err != nil {
				return usageError{fmt.Errorf("cannot merge the parts: %w", err)}
			}
			merged = threshold.JudgeMerged(merged, parts)
			if err := os.MkdirAll(filepath.Dir(c.String("output")), 0o755); err != nil {
				return fmt.Errorf("cannot make the folder of %s: %w; name another file with -o", c.String("output"), err)
			}
			if err := writeFile(c.String("output"), func(w io.Writer) error { return report.Write(w, merged) }); err != nil {
				return err
			}
			if err := render.Text(s.out, merged); err != nil {
				return err
			}
			return verdictError{merged.Verdict}
		},
	}
}
