package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/report"
)

// makeRuns runs the commands one after another and reads the report of each.
func makeRuns(c *cli.Context, s streams, commands []string) (runs []report.Report, err error) {
	folder, err := compareFolder(c)
	if err != nil {
		return nil, err
	}
	for i, command := range commands {
		fmt.Fprintf(s.err, "run %d of %d: %s\n", i+1, len(commands), command)
		of := filepath.Join(folder, fmt.Sprintf("run-%03d", i+1))
		err := levelCommand(c, s, "before-level", i+1, of)
		var r report.Report
		if err == nil {
			r, err = makeRun(c, s, command, of)
		}
		if err == nil {
			err = levelCommand(c, s, "after-level", i+1, of)
		}
		if c.Context.Err() != nil {
			return nil, interrupted{fmt.Sprintf("run %d of %d did not come to its end; those before it are in %s", i+1, len(commands), folder)}
		}
		if err != nil {
			return nil, fmt.Errorf("run %d (%s): %w", i+1, command, err)
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// makeRun runs one command in a shell. It uses the report whatever its verdict.
func makeRun(c *cli.Context, s streams, command, folder string) (report.Report, error) {
	if _, err := os.Stat(filepath.Join(folder, "report.json")); err == nil {
		return report.Report{}, fmt.Errorf("%s already holds a report; name a new folder with --out", folder)
	}
	shell := exec.CommandContext(c.Context, "/bin/sh", "-c", command)
	shell.Env = append(os.Environ(), "OMBAK_OUT="+folder)
	shell.Stderr = s.err
	shell.Cancel = func() error { return shell.Process.Signal(syscall.SIGINT) }
	shell.WaitDelay = 10 * time.Second
	err := shell.Run()
	if c.Context.Err() != nil {
		return report.Report{}, c.Context.Err()
	}
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && slices.Contains([]int{exitInconclusive, exitInvalid, exitBreached}, exit.ExitCode())) {
		return report.Report{}, fmt.Errorf("the command failed: %w", err)
	}
	r, err := readReport(filepath.Join(folder, "report.json"))
	if err != nil {
		return r, fmt.Errorf("%w; the command must write its report into $OMBAK_OUT, as every ombak command "+
			"without --out does", err)
	}
	r.Series, r.Histograms = report.Series{}, report.Histograms{}
	return r, nil
}
