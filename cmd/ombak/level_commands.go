package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
)

// levelFlags returns the flags of commands that play several runs against a service that keeps its state.
func levelFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "before-level", Usage: "run `CMD` in a shell before each run, for example to reset the service; OMBAK_LEVEL holds its number", EnvVars: envVar("before-level")},
		&cli.StringFlag{Name: "after-level", Usage: "run `CMD` in a shell after each run; OMBAK_LEVEL holds its number, OMBAK_LEVEL_DIR its folder", EnvVars: envVar("after-level")},
	}
}

// levelCommand runs the command of a flag, if it is given, for the run of a number in a folder. Its output goes to
// standard error.
func levelCommand(c *cli.Context, s streams, flag string, number int, folder string) error {
	text := c.String(flag)
	if text == "" {
		return nil
	}
	shell := exec.CommandContext(c.Context, "/bin/sh", "-c", text)
	shell.Env = append(os.Environ(), "OMBAK_LEVEL="+strconv.Itoa(number), "OMBAK_LEVEL_DIR="+folder)
	shell.Stdout, shell.Stderr = s.err, s.err
	shell.Cancel = func() error { return shell.Process.Signal(syscall.SIGINT) }
	shell.WaitDelay = 10 * time.Second
	if err := shell.Run(); err != nil {
		return fmt.Errorf("--%s %q failed at run %d: %w", flag, text, number, err)
	}
	return nil
}
