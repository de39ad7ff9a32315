package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/baseline"
	"github.com/ombak-sim/ombak/report/render"
)

// Note: the environment variable of --out is OMBAK_COMPARE_OUT, because OMBAK_OUT names the folder of each
// run.

// comparisons is the most comparisons that --calibrate makes.
const comparisons = 40

func compareCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "decide from repeated runs whether a candidate is worse than a base",
		ArgsUsage: "BASE CANDIDATE",
		Description: "BASE and CANDIDATE are each a report.json, a folder with reports, or a quoted file pattern. Runs are paired in\n" +
			"the order of their names. With --base and --candidate, ombak makes the runs itself, base and candidate in turns.",
		Flags: append(levelFlags(),
			&cli.StringFlag{Name: "margin", Value: "10%", Usage: "accept a candidate that is worse by less than this `SHARE`", EnvVars: envVar("margin")},
			&cli.StringFlag{Name: "step", Usage: "compare the step `NAME` instead of that of the arrivals", EnvVars: envVar("step")},
			&cli.StringSliceFlag{Name: "gate", Usage: "let the `FIGURE` decide; by default " + strings.Join(baseline.DefaultGates(), ", "), EnvVars: envVar("gate")},
			&cli.IntFlag{Name: "pairs", Value: 10, Usage: "make `N` pairs of runs; with --calibrate, compare N pairs at a time", EnvVars: envVar("pairs")},
			&cli.StringFlag{Name: "base", Usage: "run the base with this `COMMAND`; it must write to the folder in OMBAK_OUT", EnvVars: envVar("base")},
			&cli.StringFlag{Name: "candidate", Usage: "run the candidate with this `COMMAND`", EnvVars: envVar("candidate")},
			&cli.BoolFlag{Name: "calibrate", Usage: "compare runs of one build with each other and report the rate of false alarms", EnvVars: envVar("calibrate")},
			&cli.StringFlag{Name: "out", Usage: "keep the runs in `DIR`; by default ombak-out/compare-TIME", EnvVars: []string{"OMBAK_COMPARE_OUT"}},
			&cli.BoolFlag{Name: "json", Usage: "print the comparison as JSON", EnvVars: envVar("json")},
		),
		Action: func(c *cli.Context) error {
			how, err := readComparing(c)
			if err != nil {
				return err
			}
			if c.Bool("calibrate") {
				return calibrateGate(c, s, how)
			}
			base, candidate, err := bothSides(c, s)
			if err != nil {
				return err
			}
			compared, err := baseline.Compare(base, candidate, how)
			if err != nil {
				return usageError{err}
			}
			if err := print(s.out, c.Bool("json"), compared, render.Comparison); err != nil {
				return err
			}
			return verdictError{compared.Verdict}
		},
	}
}

// print writes a result as JSON or for people.
func print[T any](w io.Writer, asJSON bool, result T, text func(io.Writer, T) error) error {
	if !asJSON {
		return text(w, result)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

func readComparing(c *cli.Context) (baseline.Comparing, error) {
	how := baseline.Comparing{Step: c.String("step"), Gates: c.StringSlice("gate")}
	digits, isPercent := strings.CutSuffix(c.String("margin"), "%")
	margin, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if isPercent {
		margin /= 100
	}
	if err != nil || !(margin > 0) || margin > 10 {
		return how, usageError{fmt.Errorf("--margin is %q; give a share above 0, for example 10%%", c.String("margin"))}
	}
	for _, flag := range levelFlags() {
		if name := flag.Names()[0]; c.String(name) != "" && c.String("base") == "" {
			return how, usageError{fmt.Errorf("--%s runs beside the runs that are made here; give --base too", name)}
		}
	}
	if c.Int("pairs") < 1 || c.Int("pairs") > 1000 {
		return how, usageError{fmt.Errorf("--pairs is %d; it must be from 1 to 1000", c.Int("pairs"))}
	}
	how.Margin = margin
	return how, nil
}

// bothSides reads the named runs, or makes them.
func bothSides(c *cli.Context, s streams) (base, candidate []report.Report, err error) {
	commands := []string{c.String("base"), c.String("candidate")}
	switch making := commands[0] != "" || commands[1] != ""; {
	case making && (commands[0] == "" || commands[1] == "" || c.NArg() > 0):
		return nil, nil, usageError{errors.New("to make the runs here, give both --base and --candidate, and " +
			"no reports")}
	case making:
		return makePairs(c, s, commands)
	case c.NArg() != 2:
		return nil, nil, usageError{errors.New("name the reports of the base and of the candidate; quote a " +
			"pattern that matches several")}
	}
	if base, err = readReports(c.Args().Get(0)); err != nil {
		return nil, nil, err
	}
	candidate, err = readReports(c.Args().Get(1))
	return base, candidate, err
}

// calibrateGate compares runs of one build: the named ones, or as many as it makes.
func calibrateGate(c *cli.Context, s streams, how baseline.Comparing) error {
	var runs []report.Report
	var err error
	switch command := c.String("base"); {
	case command != "" && c.NArg() == 0 && c.String("candidate") == "":
		runs, err = makeRuns(c, s, slices.Repeat([]string{command}, 2*c.Int("pairs")+comparisons))
	case command == "" && c.NArg() > 0:
		for _, name := range c.Args().Slice() {
			var some []report.Report
			if some, err = readReports(name); err != nil {
				return err
			}
			runs = append(runs, some...)
		}
	default:
		err = usageError{errors.New("to calibrate, name reports of one build, or give --base alone")}
	}
	if err != nil {
		return err
	}
	result, err := baseline.CheckGate(runs, c.Int("pairs"), comparisons, how)
	if err != nil {
		return usageError{err}
	}
	if err := print(s.out, c.Bool("json"), result, render.GateCheck); err != nil {
		return err
	}
	return verdictError{result.Verdict}
}

// readReports reads the reports that a file, folder or pattern names.
func readReports(name string) (reports []report.Report, err error) {
	names, err := filepath.Glob(name)
	if err != nil {
		return nil, usageError{fmt.Errorf("%q is not a pattern: %w", name, err)}
	}
	if len(names) == 0 {
		names = []string{name}
	}
	for _, found := range names {
		files := []string{found}
		if info, err := os.Stat(found); err == nil && info.IsDir() {
			if files = reportsIn(found); len(files) == 0 {
				return nil, fmt.Errorf("there is no report.json in %s or its folders", found)
			}
		}
		for _, file := range files {
			r, err := readReport(file)
			if err != nil {
				return nil, err
			}
			r.Series, r.Histograms = report.Series{}, report.Histograms{} // not compared, and large
			reports = append(reports, r)
		}
	}
	return reports, nil
}

// reportsIn returns the report of a folder, or those of its subfolders if it has none.
func reportsIn(folder string) []string {
	own := filepath.Join(folder, "report.json")
	if _, err := os.Stat(own); err == nil {
		return []string{own}
	}
	inner, _ := filepath.Glob(filepath.Join(escapePattern(folder), "*", "report.json")) // the pattern is well formed
	return inner
}

func escapePattern(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// makePairs makes runs of both commands in the order base, candidate, candidate, base.
func makePairs(c *cli.Context, s streams, commands []string) (base, candidate []report.Report, err error) {
	var order []string
	for pair := range c.Int("pairs") {
		first := pair % 2
		order = append(order, commands[first], commands[1-first])
	}
	runs, err := makeRuns(c, s, order)
	if err != nil {
		return nil, nil, err
	}
	base, candidate = baseline.Deal(runs)
	return base, candidate, nil
}

func compareFolder(c *cli.Context) (string, error) {
	return makeFolder(c.String("out"), "compare", time.Now())
}
