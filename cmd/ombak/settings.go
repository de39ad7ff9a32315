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
	return &cli.StringFlag{Name: "config", Usage: "read flags from `FILE`, one NAME: VALUE a line; the command line and the environment take precedence", EnvVars: twin("config")}
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
	lines, seen := bufio.NewScanner(file), map[string]int{}
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
		flag := slices.IndexFunc(c.Command.Flags, func(flag cli.Flag) bool { return flag.Names()[0] == name })
		if flag < 0 || name == "config" {
			return usageError{fmt.Errorf("%s:%d: there is no flag --%s; %s --help lists them", path, n, name, c.Command.HelpName)}
		}
		if _, several := c.Command.Flags[flag].(*cli.StringSliceFlag); seen[name] > 0 && !several {
			return usageError{fmt.Errorf("%s:%d: %s stands in line %d already and has one value; leave one of them out", path, n, name, seen[name])}
		}
		seen[name] = n
		if slices.Contains(given, name) {
			continue
		}
		if err := c.Set(name, value); err != nil {
			return usageError{fmt.Errorf("%s:%d: %w", path, n, err)}
		}
	}
	return lines.Err()
}
