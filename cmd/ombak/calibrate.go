package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/calibration"
)

func calibrateCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "calibrate",
		Usage:     "fit the simulator's stations to measured reports",
		ArgsUsage: "REPORT…",
		Flags: append(loadFlags("the least load"),
			&cli.StringFlag{Name: "scenario", Usage: "the `SCENARIO` that was run; with it, delays and the variation of service times are fitted too", EnvVars: envVar("scenario")},
			&cli.StringSliceFlag{Name: "watch-name", DefaultText: "all watched processes, if the reports have no backend of ombak's", Usage: "fit a station for the process `NAME` of --watch, with a demand for each step", EnvVars: envVar("watch-name")},
			&cli.StringSliceFlag{Name: "servers", Usage: "the process uses `NAME=N` cores at most, for example 1 if it works on one thread", EnvVars: envVar("servers")},
			&cli.StringFlag{Name: "o", Usage: "write the parameters to the YAML file `MODEL` instead of standard output", EnvVars: envVar("o")},
			&cli.BoolFlag{Name: "shared", Usage: "count the CPU of mocks and generator as the service's, because all ran on one machine", EnvVars: envVar("shared")},
			&cli.Uint64Flag{Name: "seed", Usage: "resample with the seed `N`", EnvVars: envVar("seed")},
		),
		Action: func(c *cli.Context) error { return calibrate(c, s) },
	}
}

func calibrate(c *cli.Context, s streams) error {
	if c.NArg() == 0 {
		return usageError{errors.New("name the reports to fit to: report.json of a redline, or of several drills at different loads")}
	}
	if err := replaceable(c.String("o")); err != nil {
		return err
	}
	var reports []report.Report
	for _, name := range c.Args().Slice() {
		levels, err := readMeasured(name)
		if err != nil {
			return err
		}
		reports = append(reports, levels...)
	}
	how, err := readCalibrating(c)
	if err != nil {
		return err
	}
	if how.Scenario != nil && !calibration.OfProcesses(reports, how) {
		fmt.Fprintf(s.err, "searching by simulation for settings that give the waits of %d reports: about "+
			"two seconds per report\n", len(reports))
	}
	model, err := calibration.Calibrate(c.Context, reports, how)
	if err != nil {
		return err
	}
	for _, warning := range model.Warnings {
		fmt.Fprintf(s.err, "warning: %s\n", warning)
	}
	if c.String("o") == "" {
		return calibration.WriteModel(s.out, model)
	}
	written := "model"
	if _, err := os.Stat(c.String("o")); err == nil {
		written = "model, in place of an earlier one"
	}
	if err := writeFile(c.String("o"), func(w io.Writer) error { return calibration.WriteModel(w, model) }); err != nil {
		return fmt.Errorf("cannot write the model: %w", err)
	}
	for _, station := range model.Stations {
		fmt.Fprintf(s.out, "%s: %s\n", station.Name, station.Summary())
	}
	if rows := model.Rows(); len(rows) > 1 {
		fmt.Fprintf(s.out, "\n%s\n", columns(rows))
	}
	fmt.Fprintf(s.out, "%s: %s\n", written, c.String("o"))
	return nil
}

// readCalibrating reads how to fit.
func readCalibrating(c *cli.Context) (calibration.Calibrating, error) {
	how := calibration.Calibrating{Shared: c.Bool("shared"), Seed: c.Uint64("seed"), Watched: c.StringSlice("watch-name")}
	servers, err := pairs(c.StringSlice("servers"), "servers", false)
	if err != nil {
		return how, err
	}
	if how.Servers, err = coreCounts(servers); err != nil || c.String("scenario") == "" {
		return how, err
	}
	if how.Least, err = readLoad(c); err != nil {
		return how, err
	}
	how.Scenario, err = loadScenario(c.String("scenario"))
	return how, err
}

// coreCounts reads numbers of cores.
func coreCounts(texts map[string]string) (map[string]int, error) {
	counts := map[string]int{}
	for name, text := range texts {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, usageError{fmt.Errorf("--servers %s=%s is not a number of cores; write for example --servers %s=1", name, text, name)}
		}
		counts[name] = n
	}
	return counts, nil
}

// replaceable returns an error if the file exists and is not a model, because a report cannot be measured
// again.
func replaceable(name string) error {
	return replaceableBy(name, calibration.ModelHeading, "ombak calibrate")
}

// replaceableBy returns an error if the file exists and does not begin as the models of a command do.
func replaceableBy(name, heading, command string) error {
	if name == "" {
		return nil
	}
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		defer file.Close()
		head := make([]byte, len(heading))
		if _, err = io.ReadFull(file, head); err == nil && string(head) == heading {
			return nil
		}
	}
	return usageError{fmt.Errorf("%s exists and is not a model written by %s; name a new file", name, command)}
}

// readMeasured reads a report, or those of all levels of a redline. The level named first comes first.
func readMeasured(name string) ([]report.Report, error) {
	name = reportIn(name)
	whole, err := readReport(name)
	if err != nil || len(whole.Levels) == 0 {
		return []report.Report{whole}, err
	}
	var reports []report.Report
	for _, level := range whole.Levels {
		one, err := readLevel(filepath.Join(filepath.Dir(name), level.Report))
		if err != nil {
			return nil, err
		}
		reports = append(reports, one)
	}
	return reports, nil
}

// readLevel reads one report. A folder stands for the report.json in it.
func readLevel(name string) (report.Report, error) { return readReport(reportIn(name)) }

// reportIn returns the path of a folder's report, or the path itself if it is a file.
func reportIn(name string) string {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return filepath.Join(name, "report.json")
	}
	return name
}
