package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// settingsFlag names a file of flags.
func settingsFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Usage: "read flags that are given neither here nor in the environment from `FILE`, a line NAME: VALUE for each", EnvVars: twin("config")}
}

// readSettings sets the flags that the file of --config names. A flag on the command line or its twin in
// the environment goes before the file, and the file before the default. A flag that may be given several
// times may have several lines.
func readSettings(c *cli.Context) error {
	path := c.String("config")
	if path == "" {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return usageError{err}
	}
	defer file.Close()
	given := slices.DeleteFunc(c.FlagNames(), func(name string) bool { return !c.IsSet(name) })
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"'`)
		if !found || value == "" {
			return usageError{fmt.Errorf("%s:%d: %q is no setting; write NAME: VALUE, as in store: sqlite:ombak.db", path, n, line)}
		}
		if !slices.ContainsFunc(c.Command.Flags, func(flag cli.Flag) bool { return flag.Names()[0] == name }) || name == "config" {
			return usageError{fmt.Errorf("%s:%d: there is no flag --%s; ombak %s --help lists them", path, n, name, c.Command.HelpName)}
		}
		if slices.Contains(given, name) {
			continue
		}
		if err := c.Set(name, value); err != nil {
			return usageError{fmt.Errorf("%s:%d: %w", path, n, err)}
		}
	}
	return lines.Err()
}
