package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// exports returns the formats that a report can be written in, by name.
func exports() map[string]func(io.Writer, report.Report) error {
	return map[string]func(io.Writer, report.Report) error{
		"html": exportPage, "junit": render.JUnit, "summary": render.Markdown, "csv": render.CSV,
		"hlog": render.HistogramLog, "text": render.Text, "github": render.Annotations, "gitlab": render.LoadPerformance,
	}
}

func exportCommand(s streams) *cli.Command {
	names := strings.Join(slices.Sorted(maps.Keys(exports())), ", ")
	return &cli.Command{
		Name:      "export",
		Usage:     "write a report in another format to standard output",
		ArgsUsage: "REPORT",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "as", Usage: "the `FORMAT`: " + names + " (annotations of GitHub Actions, load_performance of GitLab)", EnvVars: envVar("as")},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usageError{errors.New("name one report.json")}
			}
			write := exports()[c.String("as")]
			if write == nil {
				return usageError{fmt.Errorf("--as is %q; give one of %s", c.String("as"), names)}
			}
			r, err := readReport(c.Args().First())
			if err != nil {
				return err
			}
			return write(s.out, r)
		},
	}
}

func exportPage(w io.Writer, r report.Report) error {
	figures, err := plots.All(r)
	if err != nil {
		return err
	}
	return page(figures)(w, r)
}

// readReport reads the report.json of any command.
func readReport(name string) (report.Report, error) {
	file, err := os.Open(name)
	if err != nil {
		return report.Report{}, fmt.Errorf("cannot open the report: %w; name a report.json written by ombak", err)
	}
	defer file.Close()
	r, err := report.Read(file)
	if errors.Is(err, report.ErrImpossible) {
		return report.Report{}, usageError{fmt.Errorf("%s: %w", name, err)}
	}
	if err != nil {
		return report.Report{}, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}
